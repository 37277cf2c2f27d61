"""A day of a feed, replayed faster: neither memory nor the time of a load or of a question grows with it."""

from statistics import median

import pytest

from bench.feed import measure, simulate

HOURS, EVERY_S = 24, 120


@pytest.mark.slow
def test_a_simulated_day_of_loads_grows_neither_slower_nor_larger(tmp_path):
    hours = list(simulate(tmp_path, HOURS, EVERY_S, 200))
    early, late = hours[2:6], hours[-4:]
    assert hours[-1]["batches"] == HOURS * 3600 / EVERY_S
    assert median(hour["load_s"] for hour in late) < 1.3 * median(hour["load_s"] for hour in early)
    assert min(hour["question_s"] for hour in late) < 2 * min(hour["question_s"] for hour in early)
    assert late[-1]["memory_mb"] < early[0]["memory_mb"] + 200
    assert max(hour["files"] for hour in hours) < 20


@pytest.mark.slow
def test_a_second_of_680_million_rows_a_day_is_loaded_within_a_second_of_the_processor(tmp_path):
    assert median(measure(tmp_path, 7_870, 6).processor) < 1
