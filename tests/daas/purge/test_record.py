"""Records of purges: which pinned questions one touches, and how they are kept."""

import pytest

from stcloud.daas.purge.record import PurgeRecord, read_purges, write_purges
from stcloud.daas.purge.scope import PurgeScope
from stcloud.errors import FormatError
from stcloud.iaas.table.table import Table

ROWS = PurgeRecord("p", "a", 100, PurgeScope("T", 50), sequence=3, versions=2, since_us=10, over=True)
VALUES = PurgeRecord("p", "a", 100, PurgeScope(None, None, ("phone", "name"), ("phone",)), 4, 2, 10)


@pytest.mark.parametrize(
    ("known_us", "columns", "after_us", "touched"),
    [
        (99, None, None, True),
        (100, None, None, False),  # the purge itself is known
        (10, None, None, True),
        (9, None, None, False),  # nothing of it was known yet
        (99, frozenset(), None, True),
        (99, None, 49, True),
        (99, None, 50, False),  # all of it was over before
    ],
)
def test_a_purge_of_rows_touches_what_may_have_read_them(known_us, columns, after_us, touched):
    assert ROWS.touches(known_us, columns, after_us) is touched


@pytest.mark.parametrize(
    ("columns", "touched"),
    [(None, True), (frozenset(), False), (frozenset({"note"}), False), (frozenset({"note", "name"}), True)],
)
def test_a_purge_of_values_touches_what_reads_their_columns(columns, touched):
    assert VALUES.touches(99, columns, None) is touched
    assert VALUES.touches(99, columns, 10**9) is touched


def test_rows_that_lasted_longer_touch_later_questions_too():
    longer = PurgeRecord("p", "a", 100, PurgeScope("T", 50), 3, 2, 10, over=False)
    assert longer.touches(99, None, 60)
    nothing = PurgeRecord("p", "a", 100, PurgeScope("T", 50), 3, 0)
    assert not nothing.touches(99, None, None)


def test_a_record_counts_from_its_commit_on(tmp_path):
    assert read_purges(Table(tmp_path)) == ()
    write_purges(Table(tmp_path), lambda before: [*before, ROWS, VALUES])
    assert read_purges(Table(tmp_path)) == (ROWS, VALUES)
    assert [len(read_purges(Table(tmp_path), sequence)) for sequence in (2, 3, 4)] == [0, 1, 2]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"purges": [{}]}', '{"purges": [7]}'])
def test_a_damaged_record_is_refused(tmp_path, text):
    (tmp_path / "_purges.json").write_text(text)
    with pytest.raises(FormatError, match="cannot be read"):
        read_purges(Table(tmp_path))
