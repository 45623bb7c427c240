"""How rare a person's full name is: a frozen table of given names and surnames.

The table is the United States census of 1990 (public domain) as the package `names`, pinned in pyproject.toml, ships
it: 88,799 surnames and 5,163 given names with their share of the population. It speaks only for the population that
was counted: a name whose given name is not usual there (Priya, Wei, Reince) has no known rarity, and unknown is not
rare. Frozen for an epoch (invariant 1): another table is another `TABLE` and a new epoch.
"""

from functools import lru_cache
from importlib.resources import files

from overheard.matcher.names import PersonName

TABLE = "us-census-1990/names-0.3.0"

_COUNTED = 250e6  # people in that census
_USUAL = 1e-4  # share from which on a given name is usual there: one in ten thousand
_ROUNDED = 2.5e-6  # the table has three decimals of a percent; 0.000 is taken as the middle of what rounds to it


@lru_cache(maxsize=1)
def _shares() -> tuple[dict[str, float], dict[str, float]]:
    """Return the shares of given names (of the larger of the two sexes) and of surnames, folded."""
    given: dict[str, float] = {}
    family: dict[str, float] = {}
    package = files("names")
    for table, name in ((given, "dist.male.first"), (given, "dist.female.first"), (family, "dist.all.last")):
        for line in package.joinpath(name).read_text(encoding="ascii").splitlines():
            word, percent, *_ = line.split()
            share = max(float(percent) / 100, _ROUNDED)
            table[word.lower()] = max(table.get(word.lower(), 0.0), share)
    return given, family


@lru_cache(maxsize=16_384)
def expected_bearers(name: PersonName) -> float | None:
    """Return how many people of the counted population one expects to bear the name; None where it does not know.

    Given name and surname are taken as independent, half of the people of either sex.
    """
    given, family = _shares()
    if len(name.given) != 1 or len(name.family) != 1 or name.joined:
        return None
    first = given.get(name.given[0], 0.0)
    last = family.get(name.family[0])
    if first < _USUAL or last is None:
        return None
    return _COUNTED / 2 * first * last
