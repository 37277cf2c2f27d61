"""A source whose first rows are read ahead: empty, bare, or with rows, and read once all the same."""

import numpy as np
import pyarrow as pa
import pytest

from stcloud.daas.load.peek import PeekedSource, is_bare, is_empty
from stcloud.iaas.source.protocol import Batch, Refusal


class Stub:
    crs = "EPSG:4548"
    geometry = "shape"

    def __init__(self, *sizes, columns=("a",), refusals=()):
        self.columns, self._sizes, self._refusals = columns, sizes, refusals
        self.given = 0

    def batches(self):
        for size in self._sizes:
            self.given += 1
            rows = pa.RecordBatch.from_pydict({"a": [str(self.given)] * size})
            yield Batch(rows, np.arange(1, size + 1), self._refusals)

    def position(self):
        return self.given


def test_only_what_comes_before_the_first_rows_is_read_ahead():
    stub = Stub(0, 2, 3)
    source = PeekedSource(stub)
    assert (stub.given, source.position()) == (2, 2)
    assert source.first.num_rows == 2
    assert [batch.rows.num_rows for batch in source.batches()] == [0, 2, 3]
    assert stub.given == 3
    assert (source.crs, source.columns, source.geometry) == ("EPSG:4548", ("a",), "shape")


@pytest.mark.parametrize(
    ("stub", "empty", "bare"),
    [
        (Stub(), True, False), (Stub(0, columns=()), True, True), (Stub(0, columns=("geometry",)), True, True),
        (Stub(1), False, False), (Stub(0, refusals=(Refusal(1, None, None, "x"),)), False, False),
    ],
)  # fmt: skip
def test_a_source_without_rows_is_empty_and_without_columns_bare(stub, empty, bare):
    source = PeekedSource(stub)
    assert (is_empty(source), is_bare(source)) == (empty, bare)


def test_a_source_that_was_not_read_ahead_is_not_known_to_be_empty():
    assert not is_empty(Stub())
    assert not is_bare(Stub(columns=()))
