"""The pipeline: what requires comes after what assigns, and what breaks is named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from overheard.enrich.components import pipeline
from overheard.enrich.draft import Draft
from overheard.enrich.pipeline import Component, Pipeline
from overheard.errors import InputError, TransientError
from overheard.records import Language, Sense, Term
from tests.enrich.making import a_draft, a_term


@dataclass
class Step:
    name: str
    requires: frozenset[str] = frozenset()
    assigns: frozenset[str] = frozenset()
    version: str = "1"
    breaks: Exception | None = None
    seen: list[str] = field(default_factory=list)

    def process(self, drafts: Sequence[Draft]) -> None:
        if self.breaks is not None:
            raise self.breaks
        for one in drafts:
            self.seen.append(one.text)
            one.language = Language(code="en", confidence=1.0)


def test_a_component_without_what_it_requires_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="component tone requires language, which none before it assigns"):
        Pipeline([Step("tone", requires=frozenset({"language"})), Step("speech", assigns=frozenset({"language"}))])


def test_two_components_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two called tone"):
        Pipeline([Step("tone"), Step("tone")])


@dataclass
class Student(Step):
    terms: list[str] = field(default_factory=list)

    def learn(self, terms: Mapping[str, Term], told: Mapping[str, Sense]) -> None:
        self.terms = [*terms, *told]


def test_learners_are_told_what_is_watched_and_decided() -> None:
    first, second = Student("first"), Student("second")
    line = Pipeline([first, Step("tone"), second], learners=[first])
    line.learn({"korvex": a_term("korvex")}, {"brannt": Sense(term="brannt", version="1")})
    assert (first.terms, second.terms) == (["korvex", "brannt"], [])


def test_a_learner_that_is_no_component_is_refused() -> None:
    with pytest.raises(ValueError, match="got other besides"):
        Pipeline([Step("tone")], learners=[Student("other")])


def test_what_breaks_is_named_with_its_version() -> None:
    with pytest.raises(InputError, match=r"tone: component tone 1 broke on this text: KeyError: 'x'"):
        Pipeline([Step("tone", breaks=KeyError("x"))]).run([a_draft("hello")])


def test_what_may_pass_is_no_fault_of_the_text() -> None:
    with pytest.raises(TransientError):
        Pipeline([Step("tone", breaks=TransientError("busy"))]).run([a_draft("hello")])


def test_every_component_is_told_with_its_time_in_order() -> None:
    told: list[str] = []

    def after(one: Component, seconds: float, drafts: Sequence[Draft]) -> None:
        assert seconds >= 0
        assert [d.language.code for d in drafts] == ["en"]
        told.append(one.name)

    Pipeline([Step("a"), Step("b")]).run([a_draft("hello")], after)
    assert told == ["a", "b"]


def test_the_shipped_pipeline_says_a_version_of_every_component() -> None:
    shipped = pipeline()
    assert set(shipped.models) == {one.name for one in shipped.components}
    assert all(shipped.models.values())
