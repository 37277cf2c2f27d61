"""Random partitions of a square: areas side by side, with keys, that a source or a target may be."""

from itertools import pairwise

import numpy as np
import shapely
from hypothesis import strategies as st

SIDE = 100


@st.composite
def partitions(draw, prefix, *, most=4, gaps=False):
    """Rectangles that tile a square, some merged to multipolygons, some perhaps left out."""

    def cuts():
        return [0, *sorted(draw(st.sets(st.integers(1, SIDE - 1), max_size=most))), SIDE]

    xs, ys = cuts(), cuts()
    boxes = [
        shapely.box(west, south, east, north)
        for west, east in pairwise(xs) for south, north in pairwise(ys)
    ]  # fmt: skip
    owner = [draw(st.integers(0, len(boxes) - 1)) for _ in boxes]
    areas = [
        shapely.union_all([box for box, of in zip(boxes, owner, strict=True) if of == at])
        for at in set(owner)
    ]
    if gaps:
        kept = [area for area in areas if draw(st.booleans())]
        areas = kept or areas[:1]
    keys = [f"{prefix}{number}" for number in range(len(areas))]
    return np.array(areas, object), keys
