"""A process that is killed while it writes a cube to Zarr, chunk by chunk, leaves no store under the final name."""

import signal
import subprocess
import sys

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
import os, sys
import stcloud.paas.cube.dataset as dataset
from tests.reliability.test_kill_cube import cube
from stcloud.saas.cubefile import write_cube
dataset.CHUNK_BYTES = 1_000
lay_out, chunks = dataset._Layout._block, []

def dying(*given):
    block = lay_out(*given)
    def counted(first, stop):
        chunks.append(first)
        if len(chunks) > int(sys.argv[2]):
            os.kill(os.getpid(), 9)
        return block(first, stop)
    return counted

dataset._Layout._block = dying
write_cube(cube(), sys.argv[1])
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
def test_a_writer_that_is_killed_leaves_no_store(chunks, tmp_path):
    target = tmp_path / "counts.zarr"
    killed = subprocess.run(
        [sys.executable, "-c", DO, str(target), str(chunks)], check=False, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not target.exists()
    write_cube(cube(), target)
    assert (read_cube(target).dense() == cube().dense()).all()


def test_a_writer_that_is_killed_leaves_the_former_store(tmp_path):
    target = write_cube(cube(), tmp_path / "counts.zarr")
    with xr.open_zarr(target, consolidated=False) as before:
        total = int(before["count"].sum())
    subprocess.run([sys.executable, "-c", DO, str(target), "3"], check=False, capture_output=True)
    with xr.open_zarr(target, consolidated=False) as after:
        assert int(after["count"].sum()) == total == cube().dense().sum()
