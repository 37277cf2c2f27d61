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


def test_the_merged_file_counts_among_its_size():
    assert crowded(sizes(1, 1, 1, 1), least=4) == sizes(1, 1, 1, 1)
    assert crowded(sizes(1, 1, 1, 1, 5, 5), least=4) == sizes(1, 1, 1, 1)
    assert len(crowded(sizes(1, 1, 1, 1, 5, 5, 5), least=4)) == 7
    assert len(crowded(sizes(1, 1, 1, 1, 5, 5, 5, 17, 17, 17), least=4)) == 10
    assert len(crowded(sizes(1, 1, 1, 1, 5, 5, 5, 9, 17), least=4, large_rows=16)) == 8


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=400), st.sampled_from([4, 8]))
@settings(deadline=None)
def test_any_row_is_written_once_a_size_and_few_files_are_left(commits, least):
    """Law: with N rows in all, a row is written 1 + log(N) times at most, and log(N) * (least - 1) files are left."""
    files: list[tuple[int, int]] = []  # rows, times that the oldest row of it was written
    most = math.floor(math.log(min(max(sum(commits), 1), LARGE_ROWS), least) + 1e-9) + 1
    for rows in commits:
        files.append((rows, 1))
        many = crowded([File(str(at), count, 0, {}) for at, (count, _) in enumerate(files)], least=least)
        if many:
            chosen = {int(file.path) for file in many}
            merged = (
                sum(files[at][0] for at in chosen),
                1 + max(files[at][1] for at in chosen),
            )
            files = [file for at, file in enumerate(files) if at not in chosen] + [merged]
        assert len([file for file in files if file[0] < LARGE_ROWS]) <= (least - 1) * most
    assert all(times <= 1 + most for _, times in files)
    assert sum(rows for rows, _ in files) == sum(commits)
