from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.cli import render
from overheard.cli.render import marked, months_to, plain, safe, sparkline
from overheard.collectors.files import ImportReport as MentionReport
from overheard.config.settings import LocaleSettings
from overheard.crm.headers import ColumnGuess
from overheard.crm.rows import FieldChange, RowReport
from overheard.crm.rows import ImportReport as CrmReport
from overheard.index.base import Hit, Page
from overheard.index.highlight import Fragment
from overheard.records import (
    Actor,
    DeadLetter,
    Evidence,
    ExternalId,
    Holding,
    Identity,
    Incident,
    IncidentSummary,
    Language,
    LifecycleTag,
    Mention,
    Party,
    Passed,
    Profile,
    ProfileIdentity,
    Purchase,
    Sentiment,
    Snippet,
    TargetSentiment,
)

TODAY = date(2026, 11, 21)
WHEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOSTILE = "\x1b[31mred\x1b]0;title\x07 \u202edesrever \x9b2J [bold]x[/bold] :smile:"
TEXT = "The SL-200 spindle noise is terrible, says everybody on the shop floor."


def incident(**changes: Any) -> Incident:
    values: dict[str, Any] = {
        "id": "inc_1",
        "k": "123",
        "mention": Mention(
            id="men_1",
            platform="reddit",
            source="reddit",
            content=TEXT,
            url="https://reddit.example/t3_1",
            published=WHEN,
            first_seen=WHEN,
            attributed_to=Actor(platform="reddit", preferred_username="asha_r"),
        ),
        "passed": (Passed(reason="term", by="sl-200"),),
        "language": Language(code="en", confidence=1.0),
        "sentiment": Sentiment(polarity="negative", confidence=0.9),
        "about": ("sl-200",),
        "targets": (TargetSentiment(target="sl-200", polarity="negative", confidence=0.9, start=0, end=10),),
        "parties": (
            Party(role="author", subject="con_1", name="Asha Rao", outcome="linked", score=0.99),
            Party(role="mentioned", subject="con_2", name="Ben Nair", outcome="candidate", score=0.61),
            Party(role="author", subject="reddit:handle:asha_r", outcome="bare", score=0.0),
        ),
    }
    return Incident(**(values | changes))


def page(*hits: Hit, total: int = 1, after: str = "") -> Page:
    return Page(hits=hits, total=total, facets={"source": [("reddit", 1)]}, next=after)


def hit(record: Incident | Profile, *fragments: Fragment) -> Hit:
    kind = record.kind if isinstance(record, Profile) else "incident"
    return Hit(id=record.id, version=1, k=123, kind=kind, json=msgspec.json.encode(record), fragments=fragments)


SNIPPET = Snippet(
    id="sni_1",
    mention="men_1",
    target="sl-200",
    exact=TEXT,
    prefix="",
    suffix="",
    start=0,
    end=len(TEXT),
    text_hash="x",
    polarity="negative",
    confidence=0.9,
)


def summary(**changes: Any) -> IncidentSummary:
    values: dict[str, Any] = {
        "id": "inc_1",
        "k": "123",
        "source": "reddit",
        "url": "https://reddit.example/t3_1",
        "published": WHEN,
        "role": "author",
        "outcome": "linked",
        "score": 0.99,
        "about": ("sl-200",),
        "polarity": "negative",
        "snippets": (SNIPPET,),
        "why": ("reddit asha_r is Asha Rao's handle in the CRM",),
    }
    return IncidentSummary(**(values | changes))


PROFILE = Profile(
    id="con_1",
    k="123",
    kind="contact",
    external_ids=(ExternalId(system="crm", value="7"),),
    name="Asha Rao",
    emails=("asha@alpha.example",),
    organisation="Alpha Gears",
    title="Buyer",
    account="acc_1",
    owner="Ravi",
    lifecycle=(LifecycleTag(tag="prospect"), LifecycleTag(tag="customer", since=date(2025, 4, 1))),
    identities=(
        ProfileIdentity(
            identity=Identity(platform="reddit", type="handle", value="asha_r", subject="con_1"),
            evidence=(Evidence(feature="identity in the CRM", weight=6.0),),
        ),
    ),
    first_contact=datetime(2026, 1, 5, tzinfo=UTC),
    last_contact=WHEN,
    incidents=12,
    candidates=1,
    by_month={"2026-01": 4, "2026-11": 8, "2020-01": 3},
    by_polarity={"negative": 7, "positive": 5},
    by_term={"sl-200": 12},
    by_source={"reddit": 12},
    last=(summary(),),
    waiting=(
        summary(
            id="inc_2",
            role="mentioned",
            outcome="candidate",
            score=0.61,
            why=(),
            evidence=(
                Evidence(feature="full name", weight=2.0, mention_value="Asha Rao", crm_value="Asha Rao"),
                Evidence(feature="other employer", weight=-3.0, mention_value="Beta", veto=True),
            ),
        ),
    ),
)


def test_control_characters_are_replaced_one_by_one() -> None:
    assert safe("a\x1b[31mb\nc\td\x9be\u202ef\x00") == "a\ufffd[31mb c d\ufffde\ufffdf\ufffd"
    assert safe("a\nb", lines=True) == "a\nb"
    assert safe("हिन्दी क्\u200dष 👩\u200d🔧") == "हिन्दी क्\u200dष 👩\u200d🔧"


@given(st.text())
def test_whatever_comes_keeps_its_length_and_loses_its_controls(text: str) -> None:
    shown = safe(text)
    assert len(shown) == len(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in shown)
    assert safe(shown) == shown


@pytest.mark.parametrize("width", [40, 80])
def test_no_text_from_outside_reaches_the_terminal_as_control_or_markup(width: int) -> None:
    mention = Mention(
        id="men_1",
        platform="x",
        source=HOSTILE,
        content=HOSTILE,
        name=HOSTILE,
        url="https://x.example/\x1b[0m",
        first_seen=WHEN,
        attributed_to=Actor(platform="x", preferred_username=HOSTILE),
    )
    party = Party(role="author", subject="c", name=HOSTILE, outcome="linked", score=1.0)
    evidence = Evidence(feature=HOSTILE, weight=1.0, mention_value=HOSTILE, crm_value=HOSTILE)
    one = summary(source=HOSTILE, about=(HOSTILE,), why=(HOSTILE,), evidence=(evidence,), outcome="candidate")
    letter = DeadLetter(
        id=HOSTILE, stage=HOSTILE, topic=HOSTILE, partition=0, offset=0, key=HOSTILE, error=HOSTILE, message=HOSTILE,
        where=HOSTILE, at=WHEN, headers={HOSTILE: HOSTILE}, value=HOSTILE.encode("utf-8", "replace"),
    )  # fmt: skip
    row = RowReport(
        2, "changed", HOSTILE, "con_1", HOSTILE, (FieldChange("name", HOSTILE, HOSTILE),), HOSTILE, (HOSTILE,)
    )
    nest = Profile(
        id="con_1", k="1", kind="contact", external_ids=(ExternalId(system=HOSTILE, value=HOSTILE),), name=HOSTILE,
        emails=(HOSTILE,), organisation=HOSTILE, title=HOSTILE, place=HOSTILE, owner=HOSTILE,
        lifecycle=(LifecycleTag(tag=HOSTILE),), by_term={HOSTILE: 1}, by_source={HOSTILE: 1},
        last=(one,), waiting=(one,),
        identities=(ProfileIdentity(identity=Identity(platform=HOSTILE, type="handle", value=HOSTILE, subject="c")),),
    )  # fmt: skip
    found = hit(incident(mention=mention, about=(HOSTILE,), parties=(party,)), Fragment(0, HOSTILE, ((0, 5),)))
    for renderable in (
        render.search_page(page(found, hit(nest), after=HOSTILE)),
        render.profile(nest, TODAY, names={"con_1": HOSTILE}),
        render.dead_letters([letter]),
        render.dead_letter(letter),
        render.mention_import(MentionReport(1, {HOSTILE: 1}, 1, (HOSTILE,), (HOSTILE,)), (HOSTILE,)),
        render.crm_import(CrmReport(HOSTILE, ((HOSTILE, "name"), (HOSTILE, "-")), (row,), (HOSTILE,))),
        render.fates({HOSTILE: {HOSTILE: 1}}),
    ):
        shown = plain(renderable, width=width)
        assert not set(shown) & set("\x1b\x07\x9b\u202e\ud800\x00\r\t")
        assert "[bold]" in shown.replace("\n", "").replace(" ", "") or width == 40
        assert all(len(line) <= width for line in shown.splitlines())


def test_marks_are_seen_without_colour_and_offsets_survive_cleaning() -> None:
    text = "a\x1bb SL-200 c"
    assert marked(text, [(4, 10)], brackets=True).plain == "a\ufffdb [SL-200] c"
    assert marked(text, [(4, 10)]).plain == "a\ufffdb SL-200 c"


def test_a_search_page_shows_when_where_who_what_and_whose() -> None:
    found = hit(incident(), Fragment(4, "SL-200 spindle noise", ((0, 6),)))
    shown = plain(render.search_page(page(found, total=31, after="c1"), brackets=True))
    assert shown == (
        "2026-11-20 09:30  reddit  asha_r  negative\n"
        "  [SL-200] spindle noise\n"
        "  about sl-200 (negative)  → Asha Rao (author)  ? Ben Nair (mentioned, 0.61)  by\n"
        "  reddit:handle:asha_r\n"
        "  https://reddit.example/t3_1\n"
        "  inc_1\n"
        "\n"
        "1 of 31 found, more with --after c1\n"
        "source       reddit 1\n"
    )


def test_facets_stand_under_their_whole_names() -> None:
    facets = {"source": [("reddit", 2)], "published:month": [("2026-03", 2)]}
    shown = plain(render.search_page(Page(hits=[], total=2, facets=facets, next="")))
    assert shown.splitlines()[1:] == ["source           reddit 2", "published:month  2026-03 2"]


def test_a_search_that_finds_nothing_says_so() -> None:
    assert plain(render.search_page(page(total=0))) == "Nothing found.\n"


def test_a_profile_among_the_results_is_one_short_entry() -> None:
    shown = plain(render.search_page(page(hit(PROFILE))))
    assert "Asha Rao  contact  customer\n  Buyer · Alpha Gears · 12 linked, 1 waiting\n" in shown


def test_the_crows_nest_of_a_contact() -> None:
    shown = plain(render.profile(PROFILE, TODAY, names={"acc_1": "Alpha Gears"}))
    assert shown == (
        "Asha Rao  contact  customer\n"
        "Is           Buyer · Alpha Gears\n"
        "Account      Alpha Gears\n"
        "Owner        Ravi\n"
        "CRM          crm 7\n"
        "Reached at   asha@alpha.example\n"
        "Lifecycle    prospect → customer since 2025-04-01\n"
        "Known as     reddit asha_r  (identity in the CRM)\n"
        "Contact      first 2026-01-05, last 2026-11-20 (yesterday); 12 linked, 1 waiting\n"
        "Trend        ·▄·········█  2025-12 to 2026-11: 12 of 12\n" + "Tone         negative 7 · positive 5\n"
        "About        sl-200 12\n"
        "Sources      reddit 12\n"
        "\n"
        "Last incidents\n"
        "2026-11-20 09:30  reddit  as author  negative\n"
        "  “The SL-200 spindle noise is terrible, says everybody on the shop floor.”\n"
        "  about sl-200\n"
        "  why: reddit asha_r is Asha Rao's handle in the CRM\n"
        "  https://reddit.example/t3_1\n"
        "  inc_1\n"
        "\n"
        "Waiting for somebody to decide\n"
        "2026-11-20 09:30  reddit  as mentioned  negative  score 0.61\n"
        "  “The SL-200 spindle noise is terrible, says everybody on the shop floor.”\n"
        "  about sl-200\n"
        "  +2.0 full name: “Asha Rao” = “Asha Rao”\n"
        "  -3.0 other employer: “Beta”, rules it out\n"
        "  https://reddit.example/t3_1\n"
        "  inc_2\n"
    )


def test_a_profile_of_somebody_silent_is_short() -> None:
    nobody = Profile(id="con_9", k="0", kind="contact", external_ids=(ExternalId(system="crm", value="9"),))
    assert plain(render.profile(nobody, TODAY)) == "con_9  contact\nCRM          crm 9\nContact      none yet\n"


def test_the_trend_ends_with_the_month_of_today() -> None:
    assert months_to(date(2026, 2, 3), 4) == ["2025-11", "2025-12", "2026-01", "2026-02"]


@given(st.lists(st.integers(0, 10**9), max_size=40))
def test_a_sparkline_has_a_bar_for_each_count_and_the_greatest_is_full(counts: list[int]) -> None:
    line = sparkline(counts)
    assert len(line) == len(counts)
    for count, bar in zip(counts, line, strict=True):
        assert (bar == "·") == (count == 0)
        assert (bar == "█") or count < max(counts) or count == 0


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (date(2026, 11, 21), "today"),
        (date(2026, 11, 20), "yesterday"),
        (date(2026, 11, 11), "10 days ago"),
        (date(2026, 10, 1), "7 weeks ago"),
        (date(2026, 1, 21), "10 months ago"),
        (date(2023, 1, 1), "3 years ago"),
        (date(2100, 1, 1), "in 26704 days"),
    ],
)
def test_ages_are_relative_to_the_given_day(day: date, age: str) -> None:
    last = datetime(day.year, day.month, day.day, tzinfo=UTC)
    nest = Profile(id="c", k="1", kind="contact", external_ids=(), first_contact=last, last_contact=last, incidents=1)
    assert f"({age})" in plain(render.profile(nest, TODAY))


LETTER = DeadLetter(
    id="abc",
    stage="import mentions",
    topic="",
    partition=0,
    offset=7,
    key="",
    error="InputError",
    message="expected a date; got 'soon'",
    where='posts.csv:7, column "date"',
    at=WHEN,
    value=b'{"id": 1,\n "date": "soon"}',
)


def test_dead_letters_say_who_when_where_and_what() -> None:
    assert plain(render.dead_letters([LETTER])) == (
        "abc  2026-11-20 09:30  import mentions  InputError\n"
        "  posts.csv:7, column \"date\": expected a date; got 'soon'\n"
        "1 dead letter\n"
    )
    assert plain(render.dead_letters([])) == "No dead letters.\n"


def test_one_dead_letter_is_shown_with_its_record() -> None:
    shown = plain(render.dead_letter(LETTER))
    assert "Topic        none\n" in shown
    assert "Record (26 bytes)\n" in shown
    assert '  {"id": 1,\n   "date": "soon"}\n' in shown


def test_an_import_of_posts_adds_up() -> None:
    report = MentionReport(1200, {"collected": 1190, "unchanged": 5, "dead": 5}, 2, ("x 1", "x 2"), ("posts:3: bad",))
    assert plain(render.mention_import(report, ["read as UTF-16"])) == (
        "1,200 rows: collected 1,190 · dead 5 · unchanged 5\n"
        "! 2 rows name a post that the file named before (x 1, x 2)\n"
        "! read as UTF-16\n"
        "! posts:3: bad\n"
        "Rows in error and 4 more are dead letters: overheard dead-letters list\n"
    )


def test_an_import_of_contacts_shows_columns_changes_errors_and_warnings() -> None:
    rows = (
        RowReport(2, "unchanged", "1", "con_1", "Asha"),
        RowReport(3, "changed", "2", "con_2", "Ben", (FieldChange("title", "", "Buyer"),)),
        RowReport(4, "error", message='c.csv:4, column "id": expected an id'),
        RowReport(5, "created", "4", "con_4", "Chitra", warnings=("email: expected an e-mail address",)),
    )
    report = CrmReport("c.csv", (("ID", "external_id"), ("name", "name"), ("fax", "-")), rows, ("a note",))
    assert plain(render.crm_import(report, dry_run=True)) == (
        "Columns      ID → external_id, name\n"
        "Ignored      fax\n"
        "! a note\n"
        "line    3  changed     2 Ben\n"
        "           title: nothing → Buyer\n"
        "line    4  error\n"
        '           c.csv:4, column "id": expected an id\n'
        "line    5  created     4 Chitra\n"
        "           ! email: expected an e-mail address\n"
        "4 rows: changed 1 · created 1 · error 1 · unchanged 1 · warnings 1. Dry run:\n"
        "nothing was written\n"
    )


def test_fates_are_a_table_by_stage() -> None:
    assert plain(render.fates({"enrich": {"enriched": 10, "dead": 1}, "index": {"indexed": 1000}})) == (
        "stage   fate      records\nenrich  enriched       10\n        dead            1\nindex   indexed     1,000\n"
    )


def test_the_crows_nest_shows_phones_holdings_and_purchases_as_the_region_writes_them() -> None:
    holding = Holding(
        id="hol_1",
        external_ids=(),
        account="acc_1",
        product="SL-200",
        version="2.1",
        since=date(2024, 4, 1),
        until=date(2026, 1, 31),
        left_for="Zenturn",
        left_why=f"price{HOSTILE}",
    )
    purchase = Purchase(
        id="pur_1", external_ids=(), product="SL-200", at=date(2024, 3, 1), amount="1250000", currency="INR"
    )
    phone = Identity(platform="phone", type="phone", value="+919822012345", subject="acc_1")
    nest = Profile(
        id="acc_1",
        k="0",
        kind="account",
        external_ids=(),
        name="Alpha",
        phones=("+919822012345", "ask Ravi"),
        identities=(ProfileIdentity(identity=phone),),
        holdings=(holding,),
        holding_count=1,
        purchases=(purchase,) * 12,
        purchase_count=60,
        purchase_totals={"INR": "125000000.5"},
    )
    locale = LocaleSettings(language="en", region="IN", time_zone="Asia/Kolkata")
    shown = plain(render.profile(nest, TODAY, locale=locale), width=200)
    assert "Reached at   +91 98220 12345 · ask Ravi\n" in shown
    assert "Has          SL-200 2.1  since 1 Apr 2024, until 31 Jan 2026, left for Zenturn: price\ufffd[31mred" in shown
    assert "Bought       1 Mar 2024  SL-200  ₹12,50,000\n" in shown
    assert "and 50 more\n" in shown
    assert "In all       ₹12,50,00,000.50\n" in shown
    assert "Known as" not in shown


def test_an_import_tells_what_it_guessed_why_and_how_to_say_otherwise() -> None:
    guesses = (
        ColumnGuess("Contact", "phone", "2 of 2 values are phone numbers", ("98220 12345", "\x1b[31m")),
        ColumnGuess("Name", "name", "its name", ("Asha",)),
    )
    report = CrmReport("c.csv", (("Contact", "phone"), ("Name", "name")), (), (), guesses)
    shown = plain(render.crm_import(report), width=120)
    assert "Guessed      Contact → phone: 2 of 2 values are phone numbers (98220 12345, \ufffd[31m)\n" in shown
    assert "--map 'COLUMN=FIELD'" in shown
    assert shown.count("Guessed") == 1
