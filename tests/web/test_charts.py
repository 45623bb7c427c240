"""Bars over time."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from overheard.config.settings import LocaleSettings
from overheard.web.charts import chart, month_chart, words_of

WORDS = words_of(LocaleSettings(region="IN"), lambda since, until: f"{since}/{until}")
COUNTS = st.dictionaries(
    st.dates(date(1970, 1, 1), date(2100, 12, 31)).map(date.isoformat), st.integers(1, 99), min_size=1, max_size=20
)


def test_days_without_posts_are_bars_of_nothing() -> None:
    drawn = chart({"2026-11-19": 2, "2026-11-21": 1}, WORDS)
    assert drawn.unit == "day"
    assert [(bar.label, bar.number) for bar in drawn.bars] == [
        ("19 Nov 2026", 2),
        ("20 Nov 2026", 0),
        ("21 Nov 2026", 1),
    ]
    assert drawn.bars[0].href == "2026-11-19/2026-11-19"


def test_more_than_120_days_are_months_and_each_leads_to_the_whole_of_it() -> None:
    drawn = chart({"2026-01-31": 2, "2026-12-01": 1}, WORDS)
    assert (drawn.unit, len(drawn.bars)) == ("month", 12)
    assert drawn.bars[1][:3] == ("Feb 2026", 0, "2026-02-01/2026-02-28")
    assert drawn.bars[-1].href == "2026-12-01/2026-12-31"


def test_a_bar_says_how_many_are_of_which_tone() -> None:
    tones = {"2026-11-19": {"negative": 2}, "2026-11": {"negative": 2, "positive": 1}}
    assert [bar.tones for bar in chart({"2026-11-19": 2, "2026-11-20": 1}, WORDS, tones).bars] == [{"negative": 2}, {}]
    assert month_chart({"2026-11": 3}, WORDS, tones).bars[0].tones == {"negative": 2, "positive": 1}


def test_nothing_is_no_bars() -> None:
    assert not chart({}, WORDS).bars
    assert not month_chart({}, WORDS).bars


def test_a_post_of_1970_draws_no_hundreds_of_months() -> None:
    drawn = month_chart({"1970-01": 1, "2026-11": 4}, WORDS)
    assert len(drawn.bars) == 120
    assert drawn.bars[-1].number == 4


@given(COUNTS)
def test_the_bars_add_up_wherever_all_of_them_are_drawn(counts: dict[str, int]) -> None:
    drawn = chart(counts, WORDS)
    days = [date.fromisoformat(day) for day in counts]
    assert len(drawn.bars) <= 120
    if max(days) - min(days) < timedelta(days=3_000):
        assert sum(bar.number for bar in drawn.bars) == sum(counts.values())
