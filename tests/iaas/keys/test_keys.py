"""Keys against a plain dictionary: who stands for a key, and is it new, changed or known."""

import tempfile
import uuid
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import FormatError, InternalError
from stcloud.iaas.keys.keys import Keys
from stcloud.iaas.keys.settled import CHANGED, NEW, SAME, KnownRows
from stcloud.iaas.table.table import Table
from stcloud.testing.examples import examples

SCHEMA = pa.schema(
    [
        ("st_key", pa.string()),
        ("st_digest", pa.binary()),
        ("st_recorded_to", pa.timestamp("us", "UTC")),
        ("part", pa.string()),
    ]
)
KEYS = st.sampled_from(["a", "b", "c", "d", "e", "", "a ", "A", "键"])
CAME = st.lists(st.tuples(KEYS, st.integers(0, 2)), max_size=20)
HELD = st.lists(st.tuples(KEYS, st.integers(0, 2), st.booleans()), max_size=12)


def holding(folder, files):
    """A table whose files hold rows (key, digest, ended)."""
    table = Table(Path(folder) / "table")
    table.create(SCHEMA, partition_by=["part"])
    written = [
        table.write(
            pa.table(
                [
                    [key for key, _, _ in rows],
                    [bytes([digest]) for _, digest, _ in rows],
                    [0 if ended else None for _, _, ended in rows],
                ],
                schema=pa.schema(list(SCHEMA)[:3]),
            ),
            {"part": str(number)},
            bounded=("st_key",),
        )
        for number, rows in enumerate(files)
        if rows
    ]
    table.commit(add=written, after=0)
    return table


def known(snapshot):
    """The rows of a table that have not ended."""

    def paths(low, high):
        return snapshot.paths(file for file in snapshot.files if file.may_hold("st_key", low, high))

    return KnownRows(paths, "st_key", "st_digest", "st_recorded_to")


IN_MEMORY, ON_DISK = 1 << 16, 0
"""The most rows that are settled in memory."""


def settled(folder, came, snapshot, rule="last", batches=3, few_rows=IN_MEMORY, part_rows=1 << 25, **options):
    place = Path(folder) / uuid.uuid4().hex
    place.mkdir()
    keys = Keys(place, few_rows=few_rows, part_rows=part_rows)
    numbered = list(enumerate(came, start=1))
    for start in range(0, len(numbered), batches):
        some = numbered[start : start + batches]
        keys.add(
            pa.array([number for number, _ in some], pa.int64()),
            pa.array([key for _, (key, _) in some], pa.string()),
            pa.array([bytes([digest]) for _, (_, digest) in some], pa.binary()),
        )
    return keys.settle(known(snapshot), rule=rule, **options)


def model(came, current, rule, compare):
    """What should become of the rows that came: verdict by number, losers, refused."""
    by_key = {}
    for number, (key, digest) in enumerate(came, start=1):
        by_key.setdefault(key, []).append((number, digest))
    verdicts, repeated, refused = {}, 0, {}
    for key, rows in by_key.items():
        if rule == "refuse" and len({digest for _, digest in rows}) > 1:
            refused |= {number: key for number, _ in rows}
            continue
        number, digest = rows[0] if rule == "first" else rows[-1]
        repeated += len(rows) - 1
        known = current.get(key)
        verdicts[number] = "new" if known is None else "same" if compare and known == digest else "changed"
    return verdicts, repeated, refused


@given(
    CAME,
    HELD,
    st.sampled_from(["last", "first", "refuse"]),
    st.booleans(),
    st.integers(1, 6),
    st.sampled_from([IN_MEMORY, ON_DISK, 5]),
    st.sampled_from([1 << 25, 1, 4]),
)
@settings(deadline=None, max_examples=examples(60))
def test_keys_settle_as_a_dictionary_would(came, held, rule, compare, batches, few_rows, part_rows):
    """Law: settle(came, current) is what a dictionary of the current state says, row by row."""
    current, rows = {}, []
    for key, digest, ended in held:
        if ended or key not in current:
            rows.append((key, digest, ended))
            current |= {} if ended else {key: digest}
    files = [rows[::2], rows[1::2]]
    with tempfile.TemporaryDirectory() as folder:
        snapshot = holding(folder, files).snapshot()
        for _ in range(2):  # the second time hashes of what the files hold are known
            found = settled(folder, came, snapshot, rule, batches, few_rows, part_rows, compare=compare)
        verdicts, repeated, refused = model(came, current, rule, compare)
        for verdict in ("new", "changed", "same"):
            expected = sorted(number for number, one in verdicts.items() if one == verdict)
            assert getattr(found, verdict).tolist() == expected
        assert found.repeated == repeated
        assert dict(found.conflicting) == refused
        assert np.flatnonzero(found.is_stored).tolist() == sorted(
            n for n, one in verdicts.items() if one in ("new", "changed")
        )
        homes = {file.path: file.partition["part"] for file in snapshot.files}
        superseded = {
            (homes[path], key) for path, keys in found.superseded.items() for key in keys.to_pylist()
        }
        changed = {came[number - 1][0] for number, one in verdicts.items() if one == "changed"}
        where = {key: str(at) for at, some in enumerate(files) for key, _, ended in some if not ended}
        assert superseded == {(where[key], key) for key in changed}


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a #2", "键"]), st.integers(0, 2)), max_size=20), HELD)
@settings(deadline=None, max_examples=examples(40))
def test_few_keys_and_many_have_one_outcome_where_every_row_is_kept(came, held):
    """Law: in memory and by DuckDB each row has the same key, and the same keys conflict, are new and known."""
    rows = list({key: (key, digest, ended) for key, digest, ended in held}.values())
    rows += [("a #3", 1, False), ("b #2", 0, False)]
    with tempfile.TemporaryDirectory() as folder:
        snapshot = holding(folder, [rows[::2], rows[1::2]]).snapshot()
        few, many = (
            settled(folder, came, snapshot, "keep", few_rows=few_rows) for few_rows in (IN_MEMORY, ON_DISK)
        )
    for name in ("new", "changed", "same"):
        assert getattr(few, name).tolist() == getattr(many, name).tolist()
    assert (few.repeated, dict(few.conflicting)) == (many.repeated, dict(many.conflicting))
    assert [part.tolist() for part in few.renumbered] == [part.tolist() for part in many.renumbered]
    assert [sorted(keys.to_pylist()) for _, keys in sorted(few.superseded.items())] == [
        sorted(keys.to_pylist()) for _, keys in sorted(many.superseded.items())
    ]


def test_nothing_came_and_nothing_is_held(tmp_path):
    found = settled(tmp_path, [], holding(tmp_path, []).snapshot())
    assert (len(found.new), len(found.changed), len(found.same), found.repeated) == (0, 0, 0, 0)
    assert found.superseded == {}


@pytest.mark.parametrize("few_rows", [IN_MEMORY, ON_DISK])
def test_an_outcome_weighs_a_byte_a_row(tmp_path, few_rows):
    """So that memory does not grow with the source; rows that were refused before have numbers, too."""
    snapshot = holding(tmp_path, [[("k7", 1, False), ("k8", 1, False)]]).snapshot()
    found = settled(
        tmp_path, [(f"k{number}", number % 2) for number in range(9)], snapshot, few_rows=few_rows
    )
    assert (found.outcomes.dtype, len(found.outcomes)) == (np.uint8, 10)
    assert [found.count(outcome) for outcome in (NEW, CHANGED, SAME)] == [7, 1, 1]
    assert found.outcomes.tolist() == [0, *[NEW] * 7, SAME, CHANGED]


def test_keys_that_come_after_the_settling_are_refused(tmp_path):
    keys = Keys(tmp_path)
    keys.settle(known(holding(tmp_path, []).snapshot()), rule="last")
    with pytest.raises(InternalError) as caught:
        keys.add(pa.array([1]), pa.array(["a"]), pa.array([b"a"]))
    assert caught.value.kind == "settled"


def test_only_files_whose_keys_may_be_among_those_that_came_are_read(tmp_path):
    table = holding(tmp_path, [[("k100", 1, False), ("k199", 1, False)], [("k200", 1, False)]])
    (file,) = (file for file in table.snapshot().files if file.high["st_key"] == "k199")
    (table.root / file.path).unlink()
    found = settled(tmp_path, [("k200", 1), ("k205", 1)], table.snapshot())
    assert (found.new.tolist(), found.same.tolist()) == ([2], [1])
    with pytest.raises(FormatError):
        settled(tmp_path, [("k150", 1), ("k205", 1)], table.snapshot())


def test_long_keys_have_no_bounds_and_are_found(tmp_path):
    table = holding(tmp_path, [[("x" * 65, 1, False), ("a", 1, False)]])
    assert "st_key" not in table.snapshot().files[0].high
    assert settled(tmp_path, [("x" * 65, 2)], table.snapshot()).changed.tolist() == [1]


def test_a_file_of_the_table_that_is_gone_or_damaged_is_told(tmp_path):
    table = holding(tmp_path, [[("a", 1, False)]])
    file = next(table.root.glob("*.parquet"))
    content = file.read_bytes()
    file.write_bytes(content[:-10])
    with pytest.raises(FormatError):
        settled(tmp_path, [("a", 1)], table.snapshot())
    file.unlink()
    with pytest.raises(FormatError, match="is missing"):
        settled(tmp_path, [("a", 1)], table.snapshot())
