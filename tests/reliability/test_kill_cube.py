"""A process that is killed while it writes a cube to Zarr, chunk by chunk, leaves no store under the final name."""

import signal

import numpy as np
import pyarrow as pa
import pytest
import xarray as xr

from stcloud.paas.cube.cells import CubeCells
from stcloud.paas.cube.cube import Cube, CubeMeasure
from stcloud.saas.cubefile import read_cube, write_cube
from stcloud.time import Zone

STEPS, CELLS = 24, 50
HOUR_US = 3_600_000_000
DO = """
import os
import stcloud.paas.cube.dataset as dataset
from stcloud.saas.cubefile import write_cube
dataset.CHUNK_BYTES = 1_000
lay_out, chunks = dataset._Layout._block, []

def dying(*given):
    block = lay_out(*given)
    def counted(first, stop):
        chunks.append(first)
        if len(chunks) > args[1]:
            os.kill(os.getpid(), 9)
        return block(first, stop)
    return counted

dataset._Layout._block = dying
write_cube(args[2], args[0])
"""


def cube():
    """Return a cube of many chunks, half of whose bins have something."""
    chance = np.random.default_rng(3)
    at = np.sort(chance.choice(STEPS * CELLS, STEPS * CELLS // 2, replace=False))
    x = np.arange(CELLS) * 100.0
    cells = CubeCells("cell_100m", pa.array(np.arange(CELLS)), x, x, np.full(CELLS, 1e4))
    counts = CubeMeasure("count", chance.integers(1, 9, len(at)), 0)
    edges_us = np.arange(STEPS + 1) * HOUR_US
    return Cube(
        "1h", edges_us, tuple(map(str, range(STEPS))), np.ones(STEPS, bool), cells, (), at, {"count": counts},
        (0, STEPS * HOUR_US), Zone("Pacific/Auckland"), "EPSG:2193",
    )  # fmt: skip


@pytest.mark.parametrize("chunks", [0, 3, 11])
def test_a_writer_that_is_killed_leaves_no_store(forks, chunks, tmp_path):
    target = tmp_path / "counts.zarr"
    killed = forks(DO, str(target), chunks, cube())
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert not target.exists()
    write_cube(cube(), target)
    assert (read_cube(target).dense() == cube().dense()).all()


def test_a_writer_that_is_killed_leaves_the_former_store(forks, tmp_path):
    target = write_cube(cube(), tmp_path / "counts.zarr")
    with xr.open_zarr(target, consolidated=False) as before:
        total = int(before["count"].sum())
    killed = forks(DO, str(target), 3, cube())
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    with xr.open_zarr(target, consolidated=False) as after:
        assert int(after["count"].sum()) == total == cube().dense().sum()
