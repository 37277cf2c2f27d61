"""Matrices that laws are tested on."""

import numpy as np
from hypothesis import strategies as st

from stcloud.paas.indicator import IndicatorMatrix

NUMBERS = st.integers(-50, 50).map(lambda number: number / 4)


@st.composite
def matrices(draw, *, groups=(2, 7), names=(1, 4), missing=False):
    """Matrices of a few groups and indicators; columns may be constant, and values missing."""
    height, width = draw(st.integers(*groups)), draw(st.integers(*names))
    value = st.one_of(st.none(), NUMBERS) if missing else NUMBERS
    columns = {
        f"x{number}": draw(st.lists(value, min_size=height, max_size=height)) for number in range(width)
    }
    better = {name: draw(st.sampled_from(["higher", "lower"])) for name in columns}
    return IndicatorMatrix.of([f"g{number}" for number in range(height)], columns, better)


def shuffled(matrix, order):
    """The same matrix with its groups in another order."""
    return IndicatorMatrix(
        tuple(matrix.groups[at] for at in order), matrix.names, matrix.values[np.array(order)], matrix.signs,
        matrix.floors, matrix.targets,
    )  # fmt: skip
