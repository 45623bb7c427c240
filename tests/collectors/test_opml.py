import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.feeds.opml import Outline, read_opml, write_opml
from overheard.errors import InputError


def rows(body: str) -> list[tuple[str, str]]:
    return [(row.title, row.url) for row in read_opml(body.encode(), "list.opml")[0]]


def opml(inner: str) -> str:
    return f'<?xml version="1.0"?>\n<opml version="1.0"><head><title>t</title></head><body>\n{inner}\n</body></opml>'


def test_feeds_are_found_in_folders_of_any_depth_and_folders_are_none() -> None:
    inner = (
        '<outline text="Pumps"><outline text="Deep"><outline type="rss" text="A" xmlUrl="https://a.example/feed"/>'
        '</outline></outline><outline text="B" title="The B" xmlUrl="https://b.example/feed"/>'
    )
    assert rows(opml(inner)) == [("A", "https://a.example/feed"), ("The B", "https://b.example/feed")]


@pytest.mark.parametrize(
    "attributes",
    [
        'xmlurl="https://a.example/f"',
        'XMLURL="https://a.example/f"',
        'xmlUrl=" feed://a.example/f "',
        'xmlUrl="feed:https://a.example/f"',
        'type="rss" url="https://a.example/f"',
    ],
)
def test_addresses_are_read_however_programs_write_them(attributes: str) -> None:
    assert rows(opml(f"<outline text='A' {attributes}/>")) == [("A", "https://a.example/f")]


def test_a_link_that_is_no_feed_is_none() -> None:
    inner = '<outline text="A" type="link" url="https://a.example/"/><outline text="B" xmlUrl="https://b.example/f"/>'
    assert rows(opml(inner)) == [("B", "https://b.example/f")]


def test_a_feed_without_an_address_is_a_row_with_its_line_and_what_is_wrong() -> None:
    inner = '<outline type="rss" text="A"/>\n<outline text="B" xmlUrl="not an address"/>'
    (first, second), notes = read_opml(opml(inner).encode(), "list.opml")
    assert (first.line, second.line, notes) == (3, 4, ())
    assert "there is none" in first.problem
    assert "'not an address'" in second.problem


def test_ampersands_and_letters_of_html_in_otherwise_good_xml_are_read_as_meant() -> None:
    inner = '<outline text="Caf&eacute; & bar" xmlUrl="https://a.example/f?x=1&y=2"/>'
    assert rows(opml(inner)) == [("Café & bar", "https://a.example/f?x=1&y=2")]


def test_broken_xml_is_read_as_far_as_it_goes_and_that_is_said() -> None:
    body = opml('<outline text="A" xmlUrl="https://a.example/f"/><outline text="B" xmlUrl="https://b.exam')
    found, (note,) = read_opml(body[: body.index("b.exam") + 6].encode(), "list.opml")
    assert [row.url for row in found] == ["https://a.example/f"]
    assert "broken" in note


@pytest.mark.parametrize("body", ["", "name,url", "<html><body></body></html>", "<opml><body/></opml>"])
def test_what_is_no_list_is_said_in_words(body: str) -> None:
    with pytest.raises(InputError, match="expected OPML"):
        read_opml(body.encode(), "list.opml")


def test_entities_of_a_bomb_do_not_expand() -> None:
    bomb = '<!DOCTYPE o [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    body = bomb + '<opml><body><outline text="&b;&b;&b;" xmlUrl="https://a.example/f"/></body></opml>'
    assert all(len(row.title) < 300 for row in read_opml(body.encode(), "list.opml")[0])


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=40)


@given(st.lists(st.tuples(words, st.integers(0, 10**6)), min_size=1, max_size=20))
def test_what_is_written_is_read_again_as_it_was(feeds: list[tuple[str, int]]) -> None:
    given_ = [(name, f"https://a.example/{number}?x=1&y={number}") for name, number in feeds]
    found, notes = read_opml(write_opml("t", given_).encode(), "list.opml")
    assert found == tuple(Outline(row.line, name, url) for row, (name, url) in zip(found, given_, strict=True))
    assert notes == ()


@given(st.binary(max_size=400), st.integers(0, 200))
def test_any_bytes_give_rows_or_an_error_with_a_message(noise: bytes, at: int) -> None:
    whole = opml('<outline text="A &amp; B" xmlUrl="https://a.example/f"/>' * 3).encode()
    for body in (noise, whole[:at] + noise + whole[at:], whole[:at]):
        try:
            read_opml(body, "list.opml")
        except InputError as e:
            assert "expected OPML" in str(e)
