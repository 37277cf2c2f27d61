"""Pictures of boards are what they were: compared when made small, since fonts and edges differ between machines.

A board that is meant to look otherwise gets a new picture when its old one is deleted and the test is run.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.console.planner import NARROW, WIDE, at_console

pytestmark = pytest.mark.thorough

PICTURES = Path(__file__).parent / "pictures"
SMALL, BLOCK, TOLERANCE = (96, 60), 12, 20.0
STATES = {
    "explore-light": ("explore", WIDE, {"when": "2024", "by": "unit", "theme": "light"}),
    "explore-dark": ("explore", WIDE, {"when": "2024-06", "by": "in:communities", "theme": "dark"}),
    "explore-telephone": ("explore", NARROW, {"when": "2024", "by": "cell:100m", "theme": "light"}),
    "grid": ("grid", WIDE, {"when": "2024", "by": "street", "theme": "light"}),
    "hotspots": ("hotspots", WIDE, {"when": "2024", "cell": "unit", "every": "1M", "theme": "light"}),
}


@pytest.mark.parametrize("name", STATES)
@pytest.mark.costly
def test_a_board_looks_as_it_did(browser, service, name):
    from PIL import Image

    board, size, state = STATES[name]
    with at_console(browser, service, size) as planner:
        planner.open(board, layer="requests", **state)
        planner.page.wait_for_function(
            "() => performance.getEntriesByName('map-idle').length > 0", timeout=60_000
        )
        planner.settle()
        shot = Image.open(io.BytesIO(planner.page.screenshot())).convert("RGB")
        planner.check()
    small, path = shot.resize(SMALL, Image.Resampling.BOX), PICTURES / f"{name}.png"
    if not path.is_file():
        PICTURES.mkdir(exist_ok=True)
        small.save(path)
        pytest.fail(f"{path.name} is new: look at it")
    former = np.asarray(Image.open(path).convert("RGB"), float)
    differing = np.abs(np.asarray(small, float) - former).mean(axis=2)
    blocks = differing.reshape(SMALL[1] // BLOCK, BLOCK, SMALL[0] // BLOCK, BLOCK).mean(axis=(1, 3))
    assert blocks.max() < TOLERANCE, blocks.round()
