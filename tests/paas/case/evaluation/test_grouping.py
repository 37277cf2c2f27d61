"""Groups of cases: equal numbers for equal labels, in every batch."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.case.evaluation.grouping import BINS, GROUPS, group_key, subject_of
from stcloud.time import Bin, Zone

NONE = np.zeros(0, np.int64)
TEXTS = st.lists(st.sampled_from([None, "a", "b", "路"]), min_size=1, max_size=9)


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string()), pa.large_string()])
@given(batches=st.lists(TEXTS, min_size=1, max_size=3))
def test_a_text_has_one_number_in_all_batches(kind, batches):
    key = group_key("department", Zone("UTC"))
    for texts in batches:
        rows = pa.record_batch({"department": pa.array(texts).cast(kind)})
        assert key.labels(key.numbers(rows, NONE)) == texts
        for label in ("a", None):
            assert key.matches(rows, NONE, label).tolist() == [text == label for text in texts]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Pacific/Auckland", "America/New_York"])
@given(hours=st.lists(st.integers(0, 30_000), min_size=1, max_size=20), name=st.sampled_from(BINS))
def test_bins_are_those_of_the_citys_clock(zone, hours, name):
    at_us = 1_577_836_800_000_000 + np.array(hours) * 3_600_000_000
    key, rows = group_key(name, Zone(zone)), pa.record_batch({"n": pa.array(hours)})
    numbers = key.numbers(rows, at_us)
    assert numbers.tolist() == Bin(name).numbers(at_us, Zone(zone)).tolist()
    label = key.labels(numbers[:1])[0]
    assert key.matches(rows, at_us, label).tolist() == (numbers == numbers[0]).tolist()
    day = datetime.fromtimestamp(at_us[0] / 1e6, ZoneInfo(zone)).date()
    expected = {
        "day": day.isoformat(), "month": f"{day:%Y-%m}", "year": f"{day:%Y}", "week": f"{day:%G-W%V}",
        "quarter": f"{day.year}-Q{(day.month + 2) // 3}",
    }  # fmt: skip
    assert label == expected[name]


def test_instants_far_apart_are_binned_without_a_table_of_days():
    at_us = np.array([-(10**16), 10**17 * 2])
    key = group_key("month", Zone("Asia/Shanghai"))
    assert key.numbers(None, at_us).tolist() == Bin.MONTH.numbers(at_us, Zone("Asia/Shanghai")).tolist()
    assert len(key.numbers(None, at_us[:0])) == 0


def test_what_is_judged_by_groups():
    assert [subject_of([name]) for name in ("cell", "duty_grid", "department", "handler_post", "week", "class")] == [
        "area", "area", "department", "handler", None, None,
    ]  # fmt: skip


def test_another_group_is_refused_with_the_nearest():
    assert len(set(GROUPS)) == len(GROUPS)
    with pytest.raises(InvalidInput, match="did you mean 'street'") as caught:
        group_key("streets", Zone("UTC"))
    assert caught.value.kind == "unknown-group"


def test_days_are_one_apart():
    midnight = datetime(2024, 4, 7, tzinfo=ZoneInfo("Pacific/Auckland"))  # the clock is set back at three
    at_us = np.array([int((midnight + timedelta(hours=hour)).timestamp()) * 10**6 for hour in (0, 23, 24)])
    assert np.diff(group_key("day", Zone("Pacific/Auckland")).numbers(None, at_us)).tolist() == [0, 1]
