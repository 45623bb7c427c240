import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.config.settings import Settings
from overheard.config.watchlist import WatchList, load_watchlist
from overheard.errors import ConfigError, InputError
from overheard.onboard.answers import Answers, ChosenFeed, make_term
from overheard.onboard.locale import region_facts, regions
from overheard.onboard.page import one_line
from overheard.onboard.site import Findings, Person
from overheard.onboard.steps import STEPS, Known, answered, checked, next_question
from overheard.onboard.write import settings_text, watch_text
from overheard.wiring.kinds import load_settings
from overheard.wiring.onboard import Files, answers_from, drafts, known_from, write

# Names as a hostile site or a person may give them: quotes, backslashes, brackets, controls, other scripts.
NAMES = st.text(
    st.sampled_from("ab Zé9\"'\\[]{}#=\n\t\x00\x1b\x85\u202e\u200dक्षहि,.-|<>&机\U0001f600") | st.characters()
)
HOSTS = st.from_regex(r"[a-z]{1,8}\.example", fullmatch=True)


@st.composite
def known(draw: st.DrawFn) -> Known:
    name = one_line(draw(NAMES))[:80]
    products = tuple(one for one in (one_line(n)[:60] for n in draw(st.lists(NAMES, max_size=4))) if one)
    rivals = tuple(one for one in (one_line(n)[:60] for n in draw(st.lists(NAMES, max_size=3))) if one)
    people = tuple(Person(one_line(n)[:60], "CEO", speaks=True) for n in draw(st.lists(NAMES, max_size=2)))
    region = draw(st.sampled_from(["", *sorted(regions())]))
    facts = region_facts(region)
    domain = draw(HOSTS)
    findings = Findings(
        url=f"https://{domain}/",
        domain=domain,
        name=name,
        products=products,
        people=people,
        competitors=rivals,
        languages=("en",),
        region=region,
        currency=facts.currency,
        time_zone=facts.time_zone if region else "",
        emails=(f"info@{domain}",),
    )
    return Known(findings=findings)


def accepted(known: Known) -> Known:
    """Every proposal of every step accepted, as with --yes."""
    for step in STEPS:
        given: dict[str, tuple[str, ...] | None] = {}
        while (question := next_question(step, known, given)) is not None:
            try:
                given[question.key] = checked(question, question.default)
            except InputError:
                given[question.key] = None
        known = replace(known, answers=answered(step, known, given))
    return known


@given(known())
def test_whatever_is_proposed_and_accepted_loads_back_equal_and_a_second_time_nothing_changes(proposed: Known) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = Files.at(Path(folder) / "overheard.toml")
        answers = accepted(proposed).answers
        write(drafts(files, answers))

        settings = load_settings(files.settings)
        watchlist = load_watchlist(files.watch) if answers.terms else WatchList()
        assert answers_from(settings, watchlist) == answers
        assert Path(settings.watch or files.watch) == files.watch
        assert not any(draft.changes for draft in drafts(files, known_from(files).answers))


TERMS = st.builds(
    make_term, NAMES, st.sampled_from(["own-company", "own-product", "competitor"]), st.lists(NAMES, max_size=4)
)


@given(st.lists(TERMS, max_size=5), st.lists(TERMS, max_size=5))
def test_a_watch_list_that_is_changed_has_the_new_terms_whatever_they_are_called(first: list, second: list) -> None:  # type: ignore[type-arg]
    before = {term.id: term for term in first if term}
    after = {term.id: term for term in second if term}
    if not after:
        return
    text = watch_text(watch_text(None, before.values(), ()), after.values(), ())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watch.toml"
        path.write_text(text, "utf-8")
        assert {term.id: term for term in load_watchlist(path).terms} == after


OURS = """\
# ours
data = "elsewhere"   # on the big disk

[http]
gap = 5.0   # they asked
contact = "ops@firm.example"

# the blog
[[feed]]
name = "blog"
url = "https://firm.example/feed"
interval = 1800   # it is busy

[[feed]]
name = "old"
url = "https://old.example/feed"

[alerts]
complaint = 0.9   # less noise
"""


def test_a_persons_settings_and_comments_stay_where_the_answers_do_not_speak_of_them(tmp_path: Path) -> None:
    path = tmp_path / "overheard.toml"
    path.write_text(OURS, "utf-8")
    (tmp_path / "watch.toml").write_text('# hi\n\n[[term]]\nid = "a"   # mine\nkind = "category"\naliases = ["A b"]\n')
    files = Files.at(path)
    answers = known_from(files).answers
    feeds = (answers.feeds[0], ChosenFeed("new", "https://new.example/rss", 7_200))
    answers = replace(answers, name="Firm", feeds=feeds, region="IN")
    write(drafts(files, answers))

    text = path.read_text("utf-8")
    kept = ("# ours", "# on the big disk", "# they asked", "# the blog", "# it is busy", "# less noise")
    assert [comment for comment in kept if comment not in text] == []
    settings = load_settings(path)
    assert [feed.name for feed in settings.sources] == ["blog", "new"]
    assert settings.sources[0].interval == 1800
    assert (settings.http.gap, settings.alerts.complaint) == (5.0, 0.9)
    assert settings.watch == str(tmp_path / "watch.toml")
    assert "# mine" in (tmp_path / "watch.toml").read_text("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        'http.contact = "a@b.example"\nfirm.name = "x"\n',
        'firm = {name = "x"}\nfeed = [{name = "blog", url = "https://b.example"}]\n',
        '[[feed]]\nname = "blog"\nurl = "https://b.example"\n[http]\ngap = 1.0\n[firm]\n',
        "",
        "\n\n# only a comment",
        "# a comment\n[http]\ngap = 1.0\n",
    ],
)
def test_settings_written_in_any_way_of_toml_are_changed_or_refused_and_never_damaged(
    tmp_path: Path, text: str
) -> None:
    files = Files.at(tmp_path / "overheard.toml")
    files.settings.write_text(text, "utf-8")
    term = make_term("t", "own-company", ["T one"])
    assert term is not None
    answers = replace(known_from(files).answers, name="Firm", contact="c@d.example", terms=(term,))
    answers = replace(answers, feeds=(*answers.feeds, ChosenFeed("new", "https://new.example/rss")))
    try:
        write(drafts(files, answers))
    except ConfigError:
        assert files.settings.read_text("utf-8") == text
        return
    assert known_from(files).answers == answers


def test_nothing_answered_writes_nothing_but_the_heading() -> None:
    assert tomllib.loads(settings_text(None, Answers(), "")) == {}
    assert answers_from(Settings(), WatchList()) == Answers()
