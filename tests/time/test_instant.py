"""Instants of every form that people have mean the same instant; naive ones are on the city's clock."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from stcloud.errors import InvalidInput
from stcloud.time import Zone, instant_us, parse_instant

AUCKLAND = Zone("Pacific/Auckland")
NAIVE = [
    "2024-03-05T07:30:15.25", datetime(2024, 3, 5, 7, 30, 15, 250_000), pd.Timestamp("2024-03-05 07:30:15.25"),
    np.datetime64("2024-03-05T07:30:15.250"), np.datetime64("2024-03-05T07:30:15.250000999", "ns"),
]  # fmt: skip
AWARE = [
    "2024-03-04T18:30:15.25Z", datetime(2024, 3, 4, 18, 30, 15, 250_000, tzinfo=UTC),
    datetime(2024, 3, 4, 20, 30, 15, 250_000, tzinfo=timezone(timedelta(hours=2))),
    pd.Timestamp("2024-03-05 07:30:15.25", tz="Pacific/Auckland"), 1_709_577_015_250_000,
    np.int64(1_709_577_015_250_000),
]  # fmt: skip


@pytest.mark.parametrize("at", [*NAIVE, *AWARE], ids=lambda at: f"{type(at).__name__} {at}")
def test_one_instant_in_every_form(at):
    assert instant_us(at, AUCKLAND) == 1_709_577_015_250_000


@pytest.mark.parametrize("day", [date(2024, 3, 5), np.datetime64("2024-03-05"), pd.Timestamp("2024-03-05")])
def test_a_date_is_its_first_instant_in_the_city(day):
    assert instant_us(day, AUCKLAND) == parse_instant("2024-03-04T11:00Z", Zone("UTC"))


def test_a_clock_time_that_is_skipped_or_repeated_is_read_as_text_is():
    for text in ("2024-04-07T02:30", "2024-09-29T02:30"):
        assert instant_us(datetime.fromisoformat(text), AUCKLAND) == parse_instant(text, AUCKLAND)


@pytest.mark.parametrize(
    "wrong", [pd.NaT, np.datetime64("NaT"), None, 1.5, float("nan"), True, [2024], timedelta(1)], ids=repr
)
def test_what_is_no_instant_is_refused(wrong):
    with pytest.raises(InvalidInput) as caught:
        instant_us(wrong, AUCKLAND)
    assert caught.value.kind == "unreadable-time"
