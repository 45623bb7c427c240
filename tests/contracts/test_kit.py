"""The contract kit itself: a source that keeps the rules is left alone, and one that breaks a rule is caught by it."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from msgspec import Meta

from overheard.collectors.base import Source
from overheard.errors import ConfigError
from overheard.records import Policy
from overheard.testing import RULES, Recording, SourceContract, check, recordings_in
from overheard.testing.documents import document_of
from overheard.testing.elsewhere import Broken, Elsewhere
from overheard.testing.rules.base import Case
from tests.contracts.bad_sources import BAD, URL, Numbers, TakesNothing
from tests.contracts.overheard_forum import Forum

HERE = Path(__file__).parent
RECORDINGS = recordings_in(HERE / "recordings" / "forum")
GOOD = Forum(name="f", url=URL)
_ONE_ENTRY = {
    "a_missing_field_harms_no_other",
    "a_field_of_another_type_harms_no_other",
    "an_entry_of_another_type_harms_no_other",
}
# What else a source breaks that breaks one rule: there is no breaking the one alone.
ALSO: dict[str, set[str]] = {
    # The page is that of the forum, and none of a source with another name.
    "has_a_kind": {"is_documented"},
    "settings_forbid_unknown_keys": {"is_documented"},
    "settings_are_fixed": {"is_documented"},
    # A table there has no value for an option that must have one.
    "every_option_is_documented": {"is_documented"},
    # It is read in another process, too.
    "settings_round_trip": {"recordings_are_read"},
    "keeps_its_secrets": {"every_option_is_documented", "options_change_their_digest"},
    "options_change_their_digest": {"every_option_is_documented"},
    # One of them reads another board, so that nothing is told of these entries.
    "recordings_are_read": {"what_is_left_out_is_said"},
    # What it counts is what it remembers, in each process its own.
    "the_same_fetch_gives_the_same_reading": {"keeps_no_memory", "reads_the_same_elsewhere"},
    "reads_the_same_elsewhere": {"keeps_no_memory"},
    "times_have_a_zone": {"dates_may_be_of_any_time", "mentions_can_be_kept"},
    # Each entry as long as all of them.
    "texts_are_bounded": {"time_grows_with_size"},
    # What never closes ends early, and so may what has other bytes.
    "may_be_cut_anywhere": {"deep_nesting_ends"},
    "may_be_noise": {"may_be_cut_anywhere"},
    # A field that is missing is one of another type, and a date is a field.
    "a_missing_field_harms_no_other": _ONE_ENTRY | {"dates_may_be_of_any_time"},
    "a_field_of_another_type_harms_no_other": _ONE_ENTRY | {"dates_may_be_of_any_time"},
    "an_entry_of_another_type_harms_no_other": _ONE_ENTRY,
    "dates_may_be_of_any_time": {"a_field_of_another_type_harms_no_other"},
}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    with Elsewhere() as one:
        yield one


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("docs") / "forum.md"
    path.write_text(f'# Forums\n\n```toml\n[[forum]]\nname = "f"\nurl = "{URL}"\nboard = "tools"\n```\n', "utf-8")
    return path


def broken(source: Source, elsewhere: Elsewhere, page: Path | None, *rules: str) -> dict[str, list[str]]:
    case = Case(source, RECORDINGS, page, elsewhere)
    found = {rule: list(RULES[rule](case)) for rule in rules or RULES}
    return {rule: messages for rule, messages in found.items() if messages}


def test_a_source_that_keeps_the_rules_breaks_none(page: Path) -> None:
    assert check(GOOD, RECORDINGS, documentation=page) == []


@pytest.mark.parametrize(("rule", "number"), [(rule, i) for rule, bad in BAD.items() for i in range(len(bad))])
def test_a_source_that_breaks_a_rule_is_caught_in_words(
    rule: str, number: int, elsewhere: Elsewhere, page: Path
) -> None:
    source = BAD[rule][number]
    documentation = None if rule == "is_documented" else page
    found = broken(source, elsewhere, documentation, rule)
    assert list(found) == [rule]
    assert all("expected" in message for message in found[rule])


@pytest.mark.long
@pytest.mark.parametrize(("rule", "number"), [(rule, i) for rule, bad in BAD.items() for i in range(len(bad))])
def test_a_source_that_breaks_a_rule_breaks_few_others(
    rule: str, number: int, elsewhere: Elsewhere, page: Path
) -> None:
    documentation = None if rule == "is_documented" else page
    found = set(broken(BAD[rule][number], elsewhere, documentation)) - {rule}
    assert found <= ALSO.get(rule, set())


def test_an_option_that_may_not_be_what_stands_beside_its_value_is_tried_otherwise(elsewhere: Elsewhere) -> None:
    assert broken(ByHundreds(name="f", url=URL), elsewhere, None, "options_change_their_digest") == {}


class ByHundreds(Forum, frozen=True, kw_only=True):
    least: Annotated[int, Meta(multiple_of=100)] = 0


def test_a_policy_of_a_kind_with_its_terms_is_no_breach(elsewhere: Elsewhere) -> None:
    assert broken(Strict(name="f", url=URL), elsewhere, None, "its_policy_holds") == {}


class Strict(Forum, frozen=True, kw_only=True):
    kind_policy: ClassVar[Policy] = Policy(
        without=("author_email",),
        text=500,
        retention=30,
        export="link",
        terms="https://forum.example/terms",
        read_on=date(2025, 12, 1),
    )


def test_every_rule_has_a_source_that_breaks_it_and_a_sentence_that_says_it() -> None:
    assert set(BAD) == set(RULES)
    assert [name for name, rule in RULES.items() if not (rule.__doc__ or "").strip().endswith((".", "`."))] == []
    assert len(RULES) >= 30


def test_no_more_than_three_breaches_of_a_rule_are_told() -> None:
    found = check(Numbers(name="f", url=URL), RECORDINGS, rules=["ids_survive_reordering", "has_a_kind"])
    assert [one.rule for one in found] == ["ids_survive_reordering"]
    assert str(found[0]).startswith("ids_survive_reordering: latest.json: expected the same ids")


def test_a_rule_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="names of rules"):
        check(GOOD, RECORDINGS, rules=["no_such_rule"])


def test_a_source_that_hangs_or_ends_its_process_is_told_and_the_next_is_read() -> None:
    with Elsewhere(seconds=1) as elsewhere:
        fetch = RECORDINGS[0].fetch(GOOD)
        hung = elsewhere.read(Hangs(name="f", url=URL), fetch)
        ended = elsewhere.read(Ends(name="f", url=URL), fetch)
        assert isinstance(hung, Broken)
        assert "took longer than 1 s" in hung.message
        assert isinstance(ended, Broken)
        assert "the process that reads to go on; it ended with 3" in ended.message
        assert elsewhere.read(GOOD, fetch) == GOOD.read(fetch)


class Hangs(Forum, frozen=True, kw_only=True):
    def read(self, fetch: object) -> None:  # type: ignore[override]
        while True:
            pass


class Ends(Forum, frozen=True, kw_only=True):
    def read(self, fetch: object) -> None:  # type: ignore[override]
        os._exit(3)


class TestForum(SourceContract):
    """The class of tests, as a third party writes it."""

    source = GOOD
    recordings = RECORDINGS
    exempt = {"is_documented": "its page is in the documentation"}


def test_the_class_of_tests_has_a_test_of_each_rule_and_fails_with_the_words_of_the_rule() -> None:
    class Contract(SourceContract):
        source = TakesNothing(name="f", url=URL)
        recordings = RECORDINGS

    Contract.setup_class()
    try:
        Contract().test_keeps_the_rule("ids_are_distinct")
        with pytest.raises(AssertionError, match="an empty answer is no answer without news") as e:
            Contract().test_keeps_the_rule("an_empty_body_is_an_error")
    finally:
        Contract.teardown_class()
    assert "- latest.json, as b'': expected an InputError; got a reading with 0 mentions" in str(e.value)


def test_recordings_are_files_with_their_headers_beside_them(tmp_path: Path) -> None:
    (tmp_path / "b.xml").write_bytes(b"<rss/>")
    (tmp_path / "a.json").write_bytes(b"{}")
    (tmp_path / "a.json.headers").write_text(
        "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Location: https://x.example/a\n"
        "Date: Tue, 02 Dec 2025 09:00:00 GMT\n\n",
        "utf-8",
    )
    first, second = recordings_in(tmp_path)
    assert (first.name, first.body, first.url, first.at.isoformat()) == (
        "a.json",
        b"{}",
        "https://x.example/a",
        "2025-12-02T09:00:00+00:00",
    )
    assert first.fetch(GOOD).headers["content-type"] == "application/json"
    assert (second.name, second.headers, second.fetch(GOOD).url) == ("b.xml", {}, URL)


def test_a_folder_without_recordings_and_a_line_that_is_no_header_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a folder with recordings"):
        recordings_in(tmp_path / "nowhere")
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "a.headers").write_text("content-type text/html\n", "utf-8")
    with pytest.raises(ConfigError, match=r"a.headers:1: expected a header"):
        recordings_in(tmp_path)


@pytest.mark.parametrize(
    ("body", "items"),
    [
        (b'{"data": {"children": [{"a": 1}, {"a": 2}]}}', 2),
        (b'[{"a": 1}]', 1),
        (b'{"a": 1}\n{"a": 2}\n{"a": 3}\n', 3),
        (b"id,text\r\n1,x\r\n2,y\r\n", 2),
        (b"<rss><channel><title>T</title><item><guid>1</guid></item><item><guid>2</guid></item></channel></rss>", 2),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id></entry></feed>', 1),
    ],
)
def test_answers_are_taken_apart_by_what_they_are(body: bytes, items: int) -> None:
    document = document_of(body)
    assert document is not None
    assert document.items == items
    assert (document_of(document.without(document.item(0))) or NOTHING).items == items - 1
    assert (document_of(document.many(3)) or NOTHING).items == 3 * items
    assert (document_of(document.reordered()) or NOTHING).items == items
    for path in document.fields(0):
        assert document.without(path) != body
        assert document.said(path)


class NOTHING:
    items = 0


@pytest.mark.parametrize(
    "body", [b"", b"x", b"{}", b"[]", b"<html><body><p>x</p></body></html>", b"\x00\x01", b"a,b\n"]
)
def test_what_is_no_list_of_anything_is_not_taken_apart(body: bytes) -> None:
    assert document_of(body) is None


def test_a_recording_may_be_of_another_address() -> None:
    assert Recording("a", b"x", url="https://other.example/").fetch(GOOD).final_url == "https://other.example/"
