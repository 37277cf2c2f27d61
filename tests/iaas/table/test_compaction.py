"""Small files are merged when there are many of a size; each row is written few times, however many commits come."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.iaas.table.compaction import LARGE_ROWS, crowded
from stcloud.iaas.table.snapshot import File


def sizes(*rows):
    return [File(f"{number}", count, 0, {}) for number, count in enumerate(rows)]


def test_few_files_and_large_ones_stay():
    assert crowded(sizes(*[10] * 7)) == []
    assert crowded(sizes(*[10] * 8)) == sizes(*[10] * 8)
    assert crowded(sizes(*[LARGE_ROWS] * 50)) == []
    assert crowded(sizes(*[9] * 4, *[100] * 4)) == []
    assert crowded(sizes(*[10] * 3), least=3) == sizes(*[10] * 3)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=400))
@settings(deadline=None)
def test_any_row_is_written_once_a_size_and_few_files_are_left(commits):
    files: list[tuple[int, int]] = []  # rows, times that the oldest row of it was written
    for rows in commits:
        files.append((rows, 1))
        many = crowded([File(str(at), count, 0, {}) for at, (count, _) in enumerate(files)])
        if many:
            chosen = {int(file.path) for file in many}
            merged = (
                sum(files[at][0] for at in chosen),
                1 + max(files[at][1] for at in chosen),
            )
            files = [file for at, file in enumerate(files) if at not in chosen] + [merged]
    tiers = math.ceil(math.log(max(sum(commits), 2), 8)) + 1
    small = [file for file in files if file[0] < LARGE_ROWS]
    assert len(small) <= 8 * tiers
    assert sum(rows for rows, _ in files) == sum(commits)
