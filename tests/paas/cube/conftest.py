"""Small random cubes: values with ties and gaps on a lattice with a hole."""

import numpy as np
from hypothesis import strategies as st

from stcloud.paas.cube.neighbours import CellNeighbours

SIDE_M = 100.0


@st.composite
def cubes(draw, fewest=1):
    """Give values ``(t, c)``, what of them is known, and centres of the cells."""
    steps, across = draw(st.integers(fewest, 7)), draw(st.integers(1, 4))
    cells = draw(st.integers(1, across * 3))
    whole = draw(st.booleans())
    one = st.integers(0, draw(st.sampled_from([1, 3, 10**6]))) if whole else st.floats(-50, 50, width=32)
    values = np.array(draw(st.lists(one, min_size=steps * cells, max_size=steps * cells)))
    values = values.reshape(steps, cells).astype(np.int64 if whole else np.float64)
    gaps = draw(st.lists(st.integers(0, steps * cells - 1), max_size=draw(st.sampled_from([0, 4, 20]))))
    known = np.ones(steps * cells, bool)
    known[gaps] = False
    at = np.arange(cells)
    return values, known.reshape(steps, cells), at % across * SIDE_M, at // across * SIDE_M


def bins_of(values, known):
    """Return the known values by step and cell, as the oracle takes them."""
    return {
        (int(step), int(cell)): values[step, cell].item()
        for step, cell in zip(*np.nonzero(known), strict=True)
    }


def near_of(neighbours: CellNeighbours):
    """Return the neighbours of each cell as sets."""
    parts = np.split(neighbours.cell, neighbours.start[1:-1])
    return {cell: set(part.tolist()) for cell, part in enumerate(parts)}
