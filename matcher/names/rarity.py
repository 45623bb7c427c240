"""How rare a person's full name is: frozen tables of given names and family names.

The United States census of 1990 (public domain) as the package `names`, pinned in pyproject.toml, ships it: 88,799
surnames and 5,163 given names with their share of the population; and `bearers.tsv`, of our own writing, with the
commonest names of other regions in coarse classes. Each speaks only for the population that it is of: a name that is
not usual there (Reince, Oluwaseun) has no known rarity, and unknown is not rare. Frozen for an epoch (invariant 1):
another table is another `TABLE` and a new epoch. The stream is never counted.
"""

from functools import lru_cache
from importlib.resources import files

from overheard.matcher.names.person import PersonName
from overheard.matcher.names.spelling import latin_key

TABLE = "us-census-1990/names-0.3.0 bearers-2"

_COUNTED = 250e6  # people in that census
_USUAL = 1e-4  # share from which on a given name is usual there: one in ten thousand
# A class of our table may be off by three either way, two of them by ten: the lower end is what they surely have.
_COARSE = 10
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


@lru_cache(maxsize=1)
def _regions() -> tuple[dict[str, float], dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """Return (region -> people, key of a given name -> region -> share, the same of family names)."""
    people: dict[str, float] = {}
    given: dict[str, dict[str, float]] = {}
    family: dict[str, dict[str, float]] = {}
    text = files("overheard.matcher.names").joinpath("bearers.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            region, millions, part, class_, names = line.split("\t")
            people[region] = float(millions) * 1e6
            for name in names.split():
                shares = (given if part == "given" else family).setdefault(latin_key(name), {})
                shares[region] = max(10 ** -float(class_), shares.get(region, 0.0))
    return people, given, family


@lru_cache(maxsize=16_384)
def expected_bearers(name: PersonName, *, abroad: bool = False) -> float | None:
    """Return how many people one expects to bear the name, of the population that knows most; None where none does.

    Given name and surname are taken as independent, half of the people of either sex. Of somebody who lives `abroad`
    the census says nothing: few in the United States are called Osei, and one in a hundred in Ghana.
    """
    tables = (_in_regions(name),) if abroad else (_in_census(name), _in_regions(name))
    known = [bearers for bearers in tables if bearers is not None]
    return max(known, default=None)


def _in_census(name: PersonName) -> float | None:
    given, family = _shares()
    if len(name.given) != 1 or len(name.family) != 1 or name.joined:
        return None
    first = given.get(name.given[0], 0.0)
    last = family.get(name.family[0])
    if first < _USUAL or last is None:
        return None
    return _COUNTED / 2 * first * last


def _in_regions(name: PersonName) -> float | None:
    """Return the lower end of the bearers expected in a region that knows both parts, in whichever order they stand."""
    people, givens, families = _regions()
    if len(name.family) != 1 or name.initials:
        return None
    found = []
    for form in name.forms:
        if form.kind == "full" and len(form.family_tokens) == 1:
            one, other = latin_key("".join(form.given_tokens)), latin_key(form.family_tokens[0])
            for first, last in ((one, other), (other, one)):
                last_of = families.get(last, {})
                found += [
                    people[r] / 2 / _COARSE * share * last_of[r]
                    for r, share in givens.get(first, {}).items()
                    if r in last_of
                ]
    return max(found, default=None)


def is_usual_given_name(token: str) -> bool:
    """True for a word that one in ten thousand people of the census has for a given name: Thomas, James, Mark."""
    return _shares()[0].get(token, 0.0) >= _USUAL


@lru_cache(maxsize=65_536)
def share_of(token: str) -> float | None:
    """Return the share of people with a folded token in their name where it is commonest; None where no table knows."""
    given, family = _shares()
    _, regional_given, regional_family = _regions()
    key = latin_key(token)
    shares = [table[token] for table in (given, family) if token in table]
    shares += [max(table[key].values()) for table in (regional_given, regional_family) if key in table]
    return max(shares, default=None)
