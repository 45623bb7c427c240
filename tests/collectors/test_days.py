"""Times of twelve hours as times of twenty-four, whatever stands around them."""

import datetime
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.laid.days import in_24_hours


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("12:00 AM", "0:00"), ("12:59 am", "0:59"), ("1:00 AM", "1:00"), ("11:59 AM", "11:59"),
        ("12:00 PM", "12:00"), ("12:30 p.m.", "12:30"), ("1:00 PM", "13:00"), ("11:59:58 pm", "23:59:58"),
        ("9:30PM", "21:30"), ("09:30 p. m.", "21:30"), ("9:30\u202fP.M.", "21:30"),
        ("Sun, Nov 22, 2026 at 8:00 PM", "Sun, Nov 22, 2026 at 20:00"), ("8:00 PM +0530", "20:00 +0530"),
        ("21:30", "21:30"), ("13:30 PM", "13:30 PM"), ("0:30 AM", "0:30 AM"), ("9 PM", "9 PM"),
        ("9:30 pmx", "9:30 pmx"), ("9:30 April", "9:30 April"), ("22 May 2026 08:00", "22 May 2026 08:00"), ("", ""),
    ],
)  # fmt: skip
def test_a_time_of_twelve_hours_is_one_of_twenty_four(written: str, read: str) -> None:
    assert in_24_hours(written) == read


@given(
    st.times(),
    st.sampled_from(["%I:%M %p", "%I:%M:%S %p", "%I:%M%p"]),
    st.sampled_from([str.upper, str.lower, lambda text: text.replace("M", ".M.")]),
)
def test_each_hour_of_the_day_is_itself(at: datetime.time, pattern: str, spelled: object) -> None:
    assert callable(spelled)
    said = in_24_hours(spelled(at.strftime(pattern)))
    hour, minute, *_ = said.split(":")
    assert (int(hour), int(minute)) == (at.hour, at.minute)
    assert in_24_hours(said) == said


@given(st.text())
def test_what_has_no_time_stays(text: str) -> None:
    assert ":" in text or in_24_hours(text) == text


def test_a_text_made_to_be_slow_is_read_in_time() -> None:
    began = time.process_time()
    for text in ("12:30" * 20_000, "1" * 100_000, "12:30 " + " " * 100_000 + "PM", "12:30:30 p" * 10_000):
        in_24_hours(text)
    assert time.process_time() - began < 1
