"""A day of a feed, replayed faster: memory, files and what a load reads grow by the merging of files alone."""

from statistics import median

import pytest

from bench.feed import simulate

HOURS, EVERY_S = 24, 120


@pytest.mark.slow
def test_a_simulated_day_of_loads_grows_by_the_merging_of_files_alone(tmp_path):
    hours = list(simulate(tmp_path, HOURS, EVERY_S, 200))
    early, late = hours[2:6], hours[-4:]
    assert hours[-1]["batches"] == HOURS * 3600 / EVERY_S
    assert median(hour["read_mb"] for hour in late) < 2 * median(
        hour["read_mb"] for hour in early
    )  # files are merged
    assert late[-1]["memory_mb"] < early[0]["memory_mb"] + 200
    assert max(hour["files"] for hour in hours) < 20
