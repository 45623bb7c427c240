"""What is not the author's own words: by marks, in order, and quickly on anything."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.enrich.quotes import is_within, quotations
from overheard.enrich.sentences import Span


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Korvex is fine.", []),
        ('He said "Korvex ruined our week" and left.', ['"Korvex ruined our week"']),
        ("He said “Korvex ruined our week” and left.", ["“Korvex ruined our week”"]),
        ("Er sagt: „Der Drucker ist kaputt“. Schade.", ["„Der Drucker ist kaputt“"]),
        ("社長は「このプリンターは本当にひどい」と言った。", ["「このプリンターは本当にひどい」"]),
        ('A "smart" printer, they call it.', []),
        ('The 27" monitor beside the 24" one is bright.', []),
        ("> the printer is awful\nMine works.", ["> the printer is awful\n"]),
        (">> awful\n> no\nMine works.", [">> awful\n> no\n"]),
        ("Delivery took > 30 days.", []),
        ("> 30 days for a toner\nreally?", []),
        ("Mine works.\n\nOn Mon, 3 May 2021 at 10:00, Ann Lee <ann@example.org> wrote:\nawful!", None),
        ("Thanks!\n-- \nAnn Lee\nHead of Printing", ["-- \nAnn Lee\nHead of Printing"]),
        ("Thanks!\nSent from my iPhone", ["Sent from my iPhone"]),
        ("See below.\n----- Original Message -----\nFrom: Bob\nIt is broken", None),
        ("Fails with `fatal: not a repo` here.", ["`fatal: not a repo`"]),
        ("It says\n```\nerror: broken\n```\nbut works.", ["```\nerror: broken\n```"]),
        ("so true RT @acme: Korvex is the worst", ["RT @acme: Korvex is the worst"]),
        ('"Korvex ruined our week"', []),
        ("> Korvex ruined our week", []),
        ("", []),
    ],
)
def test_marks_tell_whose_words_they_are(text: str, quoted: list[str] | None) -> None:
    found = quotations(text)
    if quoted is None:
        assert len(found) == 1
        assert found[0].end == len(text)
        assert found[0].start > 0
    else:
        assert [text[span.start : span.end] for span in found] == quoted


@pytest.mark.parametrize(
    ("text", "part", "quoted"),
    [
        ('She left. "It never worked for us at all". So she said.', '"It never worked for us at all".', True),
        ('She left. ("It never worked for us at all") So she said.', '("It never worked for us at all")', True),
        ("> It never worked\nFine here.", "> It never worked", True),
        ("> It never worked\nFine here.", "Fine here.", False),
        # A report is its author's, however much of it is quoted.
        ('She said "it never worked for us at all".', 'She said "it never worked for us at all".', False),
        ('"It never worked for us at all", she said.', '"It never worked for us at all", she said.', False),
        ('She said "it never worked for us".', "it never worked", True),
        ('She said "it never worked for us".', "She", False),
        ("It never worked.", "It never worked.", False),
        ('"One two three" !!! so', "!!!", False),
    ],
)
def test_a_part_is_quoted_where_all_that_is_said_in_it_is(text: str, part: str, quoted: bool) -> None:
    start = text.index(part)
    assert is_within(text, quotations(text), Span(start, start + len(part))) is quoted


def test_a_text_that_is_one_quotation_and_a_stop_is_its_authors() -> None:
    assert quotations('"Korvex ruined our whole week".') == []


@given(st.text(alphabet=st.sampled_from('ab \n>"“”«»`~-RT@:<pre/'), max_size=80))
def test_stretches_are_in_order_apart_and_inside(text: str) -> None:
    end = 0
    for span in quotations(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end


@pytest.mark.parametrize(
    "unit", ['"', "> ", "`", "RT @a ", "“", "<pre>", "-- \n", "On a\n", "from: a\nto: b\n", "a" * 10]
)
def test_no_text_takes_long(unit: str) -> None:
    began = process_time()
    quotations(unit * (100_000 // len(unit)))
    assert process_time() - began < 5
