"""The query language: what a query means, what it refuses and where, and that its normal text means the same."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from overheard.errors import NotFoundError, QueryError
from overheard.index.documents import document_of
from overheard.index.query import (
    MAX_LENGTH,
    And,
    Everything,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Published,
    Tree,
    Value,
    Word,
    format,  # noqa: A004
    parse,
    restrict,
)
from tests.index.queries import Queries
from tests.index.world import WORDS, incidents


def w(token: str) -> Word:
    return Word("text", token)


def p(*tokens: str) -> Phrase:
    return Phrase("text", tokens)


A, B, C, D = (w(letter) for letter in "abcd")
DAY = 86_400_000
Y2026 = 1_767_225_600_000


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Everything()),
        ("  \t\n", Everything()),
        ("*", Everything()),
        ("a", A),
        ("a b", And((A, B))),
        ("a AND b c", And((A, B, C))),
        ("a OR b c", Or((A, And((B, C))))),
        ("a b OR c d", Or((And((A, B)), And((C, D))))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("a OR (b OR c)", Or((A, B, C))),
        ("NOT a", Not(A)),
        ("NOT NOT a", A),
        ("NOT a b", And((Not(A), B))),
        ("NOT (a b)", Not(And((A, B)))),
        ("a && b || c", Or((And((A, B)), C))),
        ("and or not near", And((w("and"), w("or"), w("not"), w("near")))),
        ('"AND" "NEAR/3"', And((w("and"), p("near", "3")))),
        ("NOTa ORb", And((w("nota"), w("orb")))),
        ('"a b" "c"', And((p("a", "b"), C))),
        ("“a b” „c d“", And((p("a", "b"), p("c", "d")))),
        (r'"say \"a\" \\"', p("say", "a")),
        ("AT&T", p("at", "t")),
        ("R&D && AI", And((p("r", "d"), w("ai")))),
        ("don't", p("don", "t")),
        ("Café", w("cafe")),
        ("C++ - … :) x ;-)", And((w("c"), w("x")))),
        ("https://nvidia.com/en?a=1&b=(2)#x", p("https", "nvidia", "com", "en", "a", "1", "b", "2", "x")),
        ("https://en.example/Foo_(bar)) ".replace("))", ")"), p("https", "en", "example", "foo_", "bar")),
        ("(https://x.example/a OR b)", Or((p("https", "x", "example", "a"), B))),
        ("10:30 std::vector Re:Invent", And((p("10", "30"), p("std", "vector"), p("re", "invent")))),
        ("👍🏽", w("👍")),
        ("👍👎", p("👍", "👎")),
        ("東京", w("東京")),
        ("東京都", p("東京", "京都")),
        ("都", Prefix("text", "都")),
        ("東京*", w("東京")),
        ("driv*", Prefix("text", "driv")),
        ("Café*", Prefix("text", "cafe")),
        ("@NVIDIA", Value("handle", "nvidia")),
        ("@nvidia, hi", And((Value("handle", "nvidia"), w("hi")))),
        ("@ana@masto.example", Value("handle", "ana@masto.example")),
        ("@nvid*", Prefix("handle", "nvid")),
        ('"@nvidia"', w("nvidia")),
        ("joe@nvidia.com", p("joe", "nvidia", "com")),
        ("#GTC24", Value("tag", "gtc24")),
        ("#5", w("5")),
        ("author:jane", Word("author", "jane")),
        ('author:"Jane Doe"', Phrase("author", ("jane", "doe"))),
        ("Author:@ant", Word("author", "ant")),
        ("title:(a OR b*)", Or((Word("title", "a"), Prefix("title", "b")))),
        ("source:(Reddit OR x)", Or((Value("source", "reddit"), Value("source", "x")))),
        ("NOT source:reddit", Not(Value("source", "reddit"))),
        ('status:"not about us"', Value("status", "not about us")),
        ("site:https://www.Nvidia.com/en", Value("site", "nvidia.com")),
        ("url:http://www.nvidia.com/a/?utm_source=x", Value("url", "https://nvidia.com/a")),
        ("tag:#gtc", Value("tag", "gtc")),
        ("handle:@jay.", Value("handle", "jay")),
        ("source:re*", Prefix("source", "re")),
        ("a NEAR/3 b", Near("text", (("a",),), (("b",),), 3, ordered=False)),
        ("a ONEAR/0 b", Near("text", (("a",),), (("b",),), 0, ordered=True)),
        (
            '(a OR "b c") NEAR/20 (d OR a OR a)',
            Near("text", (("a",), ("b", "c")), (("d",), ("a",)), 20, ordered=False),
        ),
        (
            "a NEAR/1 b NEAR/2 c",
            And(
                (
                    Near("text", (("a",),), (("b",),), 1, ordered=False),
                    Near("text", (("b",),), (("c",),), 2, ordered=False),
                )
            ),
        ),
        ("a b NEAR/1 c OR d", Or((And((A, Near("text", (("b",),), (("c",),), 1, ordered=False))), D))),
        ("@a NEAR/1 #b", Near("text", (("a",),), (("b",),), 1, ordered=False)),
        ("title:(a NEAR/1 b)", Near("title", (("a",),), (("b",),), 1, ordered=False)),
        ("published:2026-01-01", Published(Y2026, Y2026 + DAY)),
        ("published:2026-01", Published(Y2026, Y2026 + 31 * DAY)),
        ("published:2026", Published(Y2026, Y2026 + 365 * DAY)),
        ("published:[2026-01-01 TO 2026-01-02]", Published(Y2026, Y2026 + 2 * DAY)),
        ("published:[ * TO 2026-01-02 ]", Published(None, Y2026 + 2 * DAY)),
        ("published:[2026-01-01 TO *] a", And((Published(Y2026, None), A))),
        ("rating:3", Value("rating", "3")),
        ("rating:[1 TO 2]", Or((Value("rating", "1"), Value("rating", "2")))),
        ("rating:[5 TO *] a", And((Value("rating", "5"), A))),
        ("NOT rating:[* TO 1]", Not(Value("rating", "1"))),
        ("rating:(1 OR 5)", Or((Value("rating", "1"), Value("rating", "5")))),
        ("published:2026-01-01T00:00:30", Published(Y2026 + 30_000, Y2026 + 31_000)),
        ("published:2026-01-01T05:30+05:30", Published(Y2026, Y2026 + 60_000)),
        ("published:2026-12", Published(Y2026 + 334 * DAY, Y2026 + 365 * DAY)),
    ],
)  # fmt: skip
def test_a_query_means_this(text: str, tree: Tree) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("(a", 2, "closing parenthesis for the one at character 1; got the end"),
        ("a)", 1, "got ')'"),
        ("()", 1, "a word, a phrase"),
        ("a OR", 4, "got the end"),
        ("AND a", 0, "For the word itself use quotes"),
        ("a OR AND b", 5, "got 'AND'"),
        ("NOT", 3, "got the end"),
        ('a "b', 2, "a closing quote"),
        ('""', 0, "something to look for"),
        ('a author:"..."', 9, "something to look for"),
        ("author: jane", 7, "a value right after author:"),
        ("(title:)", 7, "a value right after title:"),
        ("source:", 7, "got the end"),
        ('colour:"red"', 0, "a field of about, account"),
        ("colour:(red)", 0, "got 'colour:'"),
        ("title:(author:x)", 7, "words for title:"),
        ("title:(a published:2026)", 9, "words for title:"),
        ("-spam", 0, "write NOT"),
        ('a -"b c"', 2, "write NOT"),
        ("a NEAR b", 2, "a distance, as in NEAR/5"),
        ("a NEAR/x b", 2, "a distance, as in NEAR/5"),
        ("a NEAR/21 b", 2, "at most 20"),
        ("a NEAR/2 NOT b", 9, "got NOT"),
        ("NOT a NEAR/2 b", 0, "got NOT"),
        ("a NEAR/2 (b c)", 9, "got AND"),
        ("a NEAR/2 b*", 9, "got a prefix"),
        ("a NEAR/2 author:b", 9, "got a field"),
        ("a NEAR/2 *", 9, "got *"),
        ("a NEAR/2", 8, "got the end"),
        ("source:(a NEAR/2 b)", 10, "no words to be near"),
        ("foo-bar*", 0, "one word before *"),
        ("published:yesterday", 10, "a date such as"),
        ("published:2026-02-30", 10, "a date that exists"),
        ("published:9999", 10, "before the year 9999"),
        ("published:[2026 TO", 10, "[FROM TO UNTIL]"),
        ("published:[2026-02 TO 2026-01]", 10, "begins before it ends"),
        ("published:[2026 2027]", 10, "[FROM TO UNTIL]"),
        ("rating:4.5", 7, "whole stars, 1 to 5"),
        ("rating:*", 7, "whole stars, 1 to 5"),
        ("rating:0", 7, "whole stars, 1 to 5"),
        ("rating:[1 TO 9]", 7, "whole stars, 1 to 5"),
        ("rating:[4 TO 2]", 7, "begins before it ends"),
        ("rating:[1 2]", 7, "[FROM TO UNTIL] with stars"),
        ("published:(2026)", 10, "a date such as"),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_read_says_where_and_what_was_expected(text: str, at: int, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert says in str(caught.value)
    assert caught.value.position == at
    assert str(caught.value).startswith(f"at character {at + 1}: expected ")


def test_a_query_of_8192_characters_is_read_and_one_too_long_is_refused() -> None:
    text = " OR ".join(f"word{n}" for n in range(900))
    assert len(text) > 8_192
    tree = parse(text)
    assert isinstance(tree, Or)
    assert len(tree.operands) == 900
    with pytest.raises(QueryError, match="at most 16,384 characters"):
        parse("a " * MAX_LENGTH)


@pytest.mark.parametrize(
    "text", ["(" * 8_000, "(" * 4_000 + "a" + ")" * 4_000, "title:" + "(" * 2_000, "NOT (" * 3_000]
)
def test_deep_nesting_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(QueryError, match="at most 40 parentheses"):
        parse(text)


def test_many_nots_and_forty_parentheses_are_read() -> None:
    assert parse("NOT " * 4_001 + "a") == Not(A)
    assert parse("(" * 40 + "a" + ")" * 40) == A


def test_groups_near_each_other_that_would_explode_are_refused() -> None:
    group = "(" + " OR ".join(f"w{n}" for n in range(100)) + ")"
    with pytest.raises(QueryError, match="at most 5,000 combinations"):
        parse(f"{group} NEAR/5 {group}")


def test_a_contact_is_expanded_to_all_ids_that_stand_for_it() -> None:
    asked: list[tuple[str, str]] = []

    def resolve(field: str, text: str) -> list[str]:
        asked.append((field, text))
        return {"Jane Doe": ["con_b", "con_a"], "jane@x.example": ["con_a"]}.get(text, [])

    tree = parse('contact:"Jane Doe" account:con_z NOT candidate:jane@x.example source:jane', resolve)
    assert tree == And(
        (
            Or((Value("contact", "con_a"), Value("contact", "con_b"))),
            Value("account", "con_z"),
            Not(Value("candidate", "con_a")),
            Value("source", "jane"),
        )
    )
    assert asked == [("contact", "Jane Doe"), ("account", "con_z"), ("candidate", "jane@x.example")]


def test_what_a_resolver_raises_reaches_the_caller() -> None:
    def resolve(field: str, text: str) -> list[str]:
        raise NotFoundError(text)

    with pytest.raises(NotFoundError):
        parse("contact:jane", resolve)


def test_filters_become_part_of_the_tree_and_unknown_ones_are_refused() -> None:
    assert restrict(A, {}) == A
    assert restrict(A, {"source": []}) == A
    assert restrict(Everything(), {"source": ["Reddit"]}) == Value("source", "reddit")
    assert restrict(Or((A, B)), {"source": ["x", "y"], "kind": ["incident"]}) == And(
        (Or((A, B)), Value("kind", "incident"), Or((Value("source", "x"), Value("source", "y"))))
    )
    with pytest.raises(QueryError, match="got 'text'"):
        restrict(A, {"text": ["a"]})


_SIGNS = 'AND OR NOT NEAR/3 ONEAR/20 ( ) " “ \\ * && || - : [ TO ] @ # 2026-01'
_FIELDS = "author: title: source: url: site: tag: handle: published: contact:"
_pieces = st.one_of(st.sampled_from(WORDS), st.sampled_from(f"{_SIGNS} {_FIELDS}".split(" ")), st.text(max_size=3))


@given(st.lists(_pieces, max_size=14), st.sampled_from(["", " ", " "]))
@example(['source:"\u00a8x"'], "")
@example(["tag:", "#", "\u00a8"], "")
@example(["url:", "https://x.example/a%20b?c=é#d"], "")
def test_any_text_is_read_to_the_same_tree_as_its_normal_text_or_refused(pieces: list[str], joint: str) -> None:
    try:
        tree = parse(joint.join(pieces))
    except QueryError as e:
        assert 0 <= e.position <= len(joint.join(pieces))
        return
    assert parse(format(tree)) == tree


def test_generated_queries_survive_the_way_to_normal_text_and_back() -> None:
    queries = Queries([document_of(each, 1) for each in incidents(300, seed=5)], seed=5)
    for _ in range(2_000):
        text = queries.draw()
        tree = parse(text)
        assert parse(format(tree)) == tree, text
        assert format(parse(format(tree))) == format(tree), text


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("a b OR NOT (c d)", "a AND b OR NOT (c AND d)"),
        ("(a OR b) 東京都 Café*", '(a OR b) AND "東京都" AND cafe*'),
        ("@x #y author:(a b)", "handle:x AND tag:y AND author:a AND author:b"),
        ('("a b" OR c) ONEAR/2 d', '("a b" OR c) ONEAR/2 d'),
        ("published:2026-01", "published:[2026-01-01T00:00:00Z TO 2026-01-31T23:59:59Z]"),
        ("", "*"),
    ],
)
def test_the_normal_text_of_a_query_is_readable(text: str, normal: str) -> None:
    assert format(parse(text)) == normal
