"""XXH64 over Arrow values, compared with the xxhash package."""

import sys

import numba.core.caching
import pyarrow as pa
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.iaas.table.digest import digest_rows
from stcloud.iaas.table.xxh64 import hash_values

SEEDS = st.integers(0, 2**64 - 1)


@given(
    st.lists(st.binary(max_size=100), max_size=20),
    st.lists(SEEDS, min_size=1, max_size=3),
    st.integers(0, 20),
)
@settings(deadline=None)
def test_values_hash_as_by_xxhash(values, seeds, cut):
    """Law: hash_values(v, seeds)[i, j] == xxh64(v[i], seeds[j]), for any slice."""
    found = hash_values(pa.array(values, pa.binary()).slice(cut), seeds).tolist()
    assert found == [[xxhash.xxh64_intdigest(value, seed) for seed in seeds] for value in values[cut:]]


@given(st.lists(st.tuples(st.none() | st.text(max_size=40), st.none() | st.text(max_size=3)), max_size=12))
@settings(deadline=None)
def test_rows_have_one_digest_however_many_come(rows):
    """Law: digest(rows, many=True) == digest(rows, many=False)."""
    batch = pa.RecordBatch.from_pydict(
        {"a": pa.array([a for a, _ in rows], pa.string()), "b": pa.array([b for _, b in rows], pa.string())}
    )
    assert digest_rows(batch, "s", many=True) == digest_rows(batch, "s")


def test_where_nothing_compiled_may_be_kept_digests_are_the_same(monkeypatch):
    batch = pa.RecordBatch.from_pydict({"a": ["1", None, "道路"]})
    expected = digest_rows(batch, "s", many=True)
    monkeypatch.delitem(sys.modules, "stcloud.iaas.table.xxh64")
    monkeypatch.delattr("stcloud.iaas.table.xxh64")
    monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])
    assert digest_rows(batch, "s", many=True) == expected
    assert "stcloud.iaas.table.xxh64" not in sys.modules
