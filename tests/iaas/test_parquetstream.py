"""Files that are streamed: memory grows neither with a file nor with a row group of it."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stcloud.iaas.parquetstream import open_streamed
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source
from stcloud.iaas.table.datafile import read_batches

BATCHES, BATCH_ROWS = 24, 32_768
SCHEMA = pa.schema([("n", pa.int64())])


def of_file(path):
    return open_streamed(path).iter_batches(BATCH_ROWS)


def of_source(path):
    return (batch.rows for batch in open_source(path, Reading()).batches())


def of_table(path):
    return read_batches(path, SCHEMA, batch_rows=BATCH_ROWS)


@pytest.mark.parametrize("batches", [of_file, of_source, of_table])
@pytest.mark.parametrize("groups", [1, BATCHES])
def test_bytes_that_were_read_are_not_held(tmp_path, batches, groups):
    numbers = np.random.default_rng(7).integers(
        0, 2**62, BATCHES * BATCH_ROWS
    )  # they do not pack: 8 bytes each
    path = tmp_path / "numbers.parquet"
    rows = pa.table({"n": numbers}, SCHEMA)
    pq.write_table(rows, path, row_group_size=len(numbers) // groups, use_dictionary=False)
    before, held, read = pa.total_allocated_bytes(), [], []
    for batch in batches(path):
        read.append(np.array(batch.column(0).cast(pa.int64())))  # a copy
        del batch
        held.append(pa.total_allocated_bytes() - before)
    assert np.array_equal(np.concatenate(read), numbers)
    assert len(held) == BATCHES
    assert max(held) < path.stat().st_size / 2, (max(held), path.stat().st_size)
