"""The pipeline: components in an order in which each finds what it requires. Knows none of them."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Protocol

from overheard.enrich.draft import Draft
from overheard.errors import InputError, OverheardError
from overheard.records import Sense, Term

# What a draft has before the first component: from the mention and the winnow.
GIVEN = frozenset({"mention", "text", "passed", "hits", "open", "linked"})


class Component(Protocol):
    """One step of enrichment.

    `name` and `version` stand on every record that it had a part in. `requires` and `assigns` are fields of `Draft`.
    """

    name: str
    version: str
    requires: frozenset[str]
    assigns: frozenset[str]

    def process(self, drafts: Sequence[Draft]) -> None:
        """Assign what it assigns on each draft. What it cannot say of a text it leaves as it is, and raises nothing."""


class Learner(Component, Protocol):
    """A component that goes by what is watched, and by what people decided on what was found; both by term."""

    def learn(self, terms: Mapping[str, Term], told: Mapping[str, Sense]) -> None:
        """Go by these from the next batch on, and by nothing that was said before."""


# Told each component that is done, its seconds, and the drafts.
After = Callable[[Component, float, Sequence[Draft]], None]


class Pipeline:
    """Components in their order; `learners` are those of them that are told what is watched. One thread at a time.

    Raises ValueError, made of components of which one requires what none before it assigns, or of two of one name, or
    where a learner is none of them.
    """

    def __init__(self, components: Sequence[Component], learners: Sequence[Learner] = ()) -> None:
        there = set(GIVEN)
        names: set[str] = set()
        for one in components:
            if missing := sorted(one.requires - there):
                msg = f"component {one.name} requires {', '.join(missing)}, which none before it assigns"
                raise ValueError(msg)
            if one.name in names:
                msg = f"expected components of different names; got two called {one.name}"
                raise ValueError(msg)
            there |= one.assigns
            names.add(one.name)
        if others := [one.name for one in learners if all(one is not each for each in components)]:
            msg = f"expected learners that are components; got {', '.join(others)} besides"
            raise ValueError(msg)
        self.components = tuple(components)
        self._learners = tuple(learners)

    @property
    def models(self) -> dict[str, str]:
        """The version of each component, by name."""
        return {one.name: one.version for one in self.components}

    def learn(self, terms: Mapping[str, Term], told: Mapping[str, Sense]) -> None:
        """Tell every learner what is watched, and what people decided; both by term. Between batches."""
        for one in self._learners:
            one.learn(terms, told)

    def run(self, drafts: Sequence[Draft], after: After | None = None) -> None:
        """Have every component process the drafts; those that one drops are not seen by the ones after it.

        Raises InputError with the component's name where one breaks: with one draft in hand, that draft is to blame.
        """
        for one in self.components:
            if any(draft.dropped for draft in drafts):
                drafts = [draft for draft in drafts if not draft.dropped]
            began = perf_counter()
            try:
                one.process(drafts)
            except OverheardError:
                raise
            except Exception as e:
                msg = f"component {one.name} {one.version} broke on this text: {type(e).__name__}: {e}"
                raise InputError(msg, where=one.name) from e
            if after is not None:
                after(one, perf_counter() - began, drafts)
