"""The contract: every rule of the interface of a source, checked on a source and recordings of what it reads.

    source, recordings ─▶ check ─▶ Breach, …

`SourceContract` is the same as a class of tests for pytest, one test for each rule. Nothing here needs pytest.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from overheard.collectors.base import Source
from overheard.errors import ConfigError
from overheard.testing.elsewhere import Elsewhere
from overheard.testing.recording import Recording
from overheard.testing.rules import hostile, mentions, purity, settings
from overheard.testing.rules.base import RULES, Case

__all__ = ["RULES", "Breach", "SourceContract", "check", "hostile", "mentions", "purity", "settings"]

# Of each rule: more say the same again.
_MOST = 3


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a source breaks, and how: what was expected, what came, in which recording."""

    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"


def check(
    source: Source,
    recordings: Sequence[Recording],
    *,
    documentation: Path | None = None,
    rules: Collection[str] | None = None,
) -> list[Breach]:
    """Return what of the contract a source breaks, at most three breaches of each rule; none where it keeps it.

    `recordings` are answers of the real server, whose bytes the rules change in many ways. `documentation` is the page
    (Markdown) that tells how to set the source up. `rules` are names of `RULES`; None is all. The source is read in
    this process and in others; nothing is asked of the network. Raises ConfigError for a rule that is none.
    """
    names = list(RULES if rules is None else rules)
    if unknown := [name for name in names if name not in RULES]:
        msg = f"expected names of rules ({', '.join(RULES)}); got {unknown[0]!r}"
        raise ConfigError(msg)
    with Elsewhere() as elsewhere:
        case = Case(source, recordings, documentation, elsewhere)
        return [breach for name in names for breach in _breaches(name, case)]


def _breaches(name: str, case: Case) -> list[Breach]:
    try:
        return [Breach(name, message) for message in islice(RULES[name](case), _MOST)]
    except Exception as e:  # noqa: BLE001 - a source may fail in any way, and that is what is to be told
        return [Breach(name, f"expected a source whose members work; got {type(e).__name__}: {str(e)[:300]}")]


class SourceContract:
    """The contract as tests for pytest: a subclass whose name begins with `Test` has a test for each rule.

    `source` is the source as a table of the settings would make it, `recordings` what it reads, `documentation` its
    page. `exempt` are rules that do not hold for it, each with the reason: they are shown and not checked.
    """

    source: ClassVar[Source]
    recordings: ClassVar[Sequence[Recording]]
    documentation: ClassVar[Path | None] = None
    exempt: ClassVar[dict[str, str]] = {}
    _case: ClassVar[Case]

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Make a test of each rule."""
        if "rule" in metafunc.fixturenames:
            metafunc.parametrize("rule", [name for name in RULES if name not in self.exempt])

    @classmethod
    def setup_class(cls) -> None:
        """Start what all tests of the class share."""
        cls._case = Case(cls.source, cls.recordings, cls.documentation, Elsewhere())

    @classmethod
    def teardown_class(cls) -> None:
        """End it."""
        cls._case.elsewhere.close()

    def test_keeps_the_rule(self, rule: str) -> None:
        """Hold the source to one rule."""
        found = _breaches(rule, self._case)
        words = cleandoc(RULES[rule].__doc__ or "")
        assert not found, "\n".join([words, "", *(f"- {one.message}" for one in found)])
