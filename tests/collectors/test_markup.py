from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors import markup
from overheard.collectors.markup import MAX_TEXT, absolute_url, find_urls, from_html, from_text, shorten


def test_scripts_styles_comments_and_hidden_markup_are_gone() -> None:
    html = (
        "<p>One</p><script>alert(1)</script><style>p{}</style><!-- two --><template>three</template>"
        "<div style='color:red; DISPLAY : none'>four<p>five</p></div><span hidden>six</span><noscript>seven</noscript>"
        "<svg><text>eight</text></svg><p onclick='alert(9)'>Nine</p>"
    )
    assert from_html(html).text == "One\nNine"


def test_blocks_and_breaks_end_a_line_and_inline_markup_does_not() -> None:
    html = "<h1>Head</h1>one <b>bo</b>ld<br>two<ul><li>a<li>b</ul><table><tr><td>1<td>2</tr><tr><td>3</table>end"
    assert from_html(html).text == "Head\none bold\ntwo\na\nb\n1 2\n3\nend"


def test_runs_of_spaces_are_one_and_line_ends_of_the_source_are_spaces() -> None:
    assert from_html("a \n\t b&nbsp;&nbsp;c<p>  d  </p>").text == "a b c\nd"


def test_preformatted_lines_stay_lines() -> None:
    assert from_html("<pre>one\ntwo</pre>").text == "one\ntwo"


def test_entities_are_decoded_once() -> None:
    assert from_html("AT&amp;T &#8217;s &lt;b&gt; &amp;lt; &eacute; &#x1F600;").text == "AT&T ’s <b> &lt; é 😀"


def test_an_image_gives_its_alternative_text() -> None:
    assert from_html("see <img src=x alt='A  big\ncat' onerror=alert(1)>!").text == "see A big cat !"


def test_a_bare_less_than_stays() -> None:
    assert from_html("if a < b and c > d").text == "if a < b and c > d"


def test_links_are_absolute_and_each_once_in_order() -> None:
    html = (
        "<a href='../x?a=1&amp;b=2'>x</a> <a href='javascript:alert(1)'>j</a> <a href='mailto:a@b.example'>m</a>"
        "<a href='data:text/html,x'>d</a> https://other.example/p. <a href='https://other.example/p'>again</a>"
    )
    assert from_html(html, base="https://site.example/a/b/").links == (
        "https://site.example/a/x?a=1&b=2",
        "https://other.example/p",
    )


def test_urls_in_a_text_are_found_without_the_punctuation_after_them() -> None:
    text = "see http://a.example/b_(c), (https://d.example/e) and <https://f.example>; not ftp://g.example"
    assert find_urls(text) == ["http://a.example/b_(c)", "https://d.example/e", "https://f.example"]


def test_malformed_and_foreign_urls_are_none() -> None:
    assert absolute_url("http://[::1", "https://a.example") == ""
    assert absolute_url("javascript:alert(1)", "https://a.example") == ""
    assert absolute_url("//b.example/x", "https://a.example/") == "https://b.example/x"
    assert absolute_url("x" * 5000, "https://a.example") == ""


def test_plain_text_is_taken_literally() -> None:
    assert from_text("2 < 3 &amp; <b>\r\nnext\x00").text == "2 < 3 &amp; <b>\nnext"


def test_lone_surrogates_become_replacement_characters() -> None:
    assert from_html("<p>a\ud800b</p>").text == "a\ufffdb"


def test_a_text_longer_than_any_is_cut_at_a_space_and_says_so() -> None:
    text = from_html("<p>word </p>" * MAX_TEXT).text
    assert len(text) <= MAX_TEXT
    assert shorten("one two three", 9) == "one two…"
    assert shorten("short", 9) == "short"


def test_markup_nested_deeper_than_anybody_writes_ends_the_text() -> None:
    assert from_html("before" + "<div>" * 100_000 + "after" + "</p>" * 100_000).text == "before\n…"


def test_markup_made_to_hurt_takes_no_time() -> None:
    # Each of these takes seconds to minutes in a parser that walks back for every end tag. 30 s is what pytest waits
    # for nowhere: the test would be noticed.
    for html in ("<b>" * 60_000 + "</i>" * 60_000, "<!--" * 100_000, "<a " * 100_000, "&" * 300_000, "<" * 300_000):
        assert len(from_html(html).text) <= MAX_TEXT


@given(st.text(alphabet=st.sampled_from(list("<>/!-=\"'& \n;#xabpdivscript\x00\ud800é")), max_size=200))
def test_whatever_comes_gives_clean_text_without_elements(html: str) -> None:
    text = from_html(html).text
    assert "\x00" not in text
    assert "\ud800" not in text
    assert text == text.strip()
    text.encode()


@given(st.text(max_size=200))
def test_escaped_text_comes_back(text: str) -> None:
    import html

    assert from_html(html.escape(text)).text.split() == from_text(text).text.split()


SOUP = (  # noqa: SIM905
    "<p> </p> <b> </b> <div> </div> <br> </br> <script> </script> <td> <table> </table> <tr> a b &amp; &nbsp; &no; "
    "<a~href='/x'> </a> <!--c--> <?pi~x?> <svg> </svg> <title> </title> <head> </head> <body> </body> <html> </html> "
    "<select> <pre> </pre> <img~alt='q'> <textarea> <p~hidden> < > </ é <o:p> <base~href='https://c.example/'> <xmp>"
).split()


@given(st.lists(st.sampled_from(SOUP), max_size=14))
def test_html_read_as_a_whole_and_in_pieces_says_the_same(pieces: list[str]) -> None:
    html = " ".join(pieces).replace("~", " ")
    whole = from_html(html, base="https://b.example/")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markup, "_FEW_TAGS", -1)
        assert from_html(html, base="https://b.example/") == whole


@pytest.mark.parametrize("text", ["http://[", "HTTP://[ there", "https://[::1", "see https://a.example]["])
def test_what_is_no_address_of_a_host_is_no_link(text: str) -> None:
    assert all(urlsplit(one).hostname for one in (*find_urls(text), *from_html(f"<p>{text}</p>").links))
    assert not absolute_url("http://[")
