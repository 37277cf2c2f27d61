"""Groups are united from the pieces that belonged to them at an instant, else at the nearest one."""

import numpy as np
import pyarrow as pa
import pytest
import shapely

from stcloud.paas.query.answer.group_place import GroupPieces, GroupPlace

EAST, WEST = shapely.box(1, 0, 2, 1), shapely.box(0, 0, 1, 1)
WIDE, POINT = shapely.box(0, 0, 2, 1), shapely.Point(0, 0)
PIECES = [  # name, shape, from, to
    ("a", WEST, 0, 10), ("a", EAST, 0, 5), ("a", WIDE, 10, 20), ("b", EAST, 0, 4), ("b", WEST, 4, 6),
    ("c", EAST, 30, 40), ("d", POINT, 0, 99), (None, WIDE, 0, 99), ("e", None, 0, 99),
]  # fmt: skip


def place(at_us):
    names, shapes, start, end = zip(*PIECES, strict=True)
    pieces = GroupPieces(
        pa.array(names, pa.string()),
        np.array(shapes, object),
        np.array(start, np.int64),
        np.array(end, np.int64),
    )
    return GroupPlace("g", lambda: pieces, at_us)


@pytest.mark.parametrize(
    ("at_us", "name", "shape"),
    [
        (0, "a", WIDE), (4, "a", WIDE), (5, "a", WEST), (19, "a", WIDE), (3, "b", EAST), (4, "b", WEST),
        (20, "a", WIDE), (50, "b", WEST), (0, "c", EAST), (99, "c", EAST), (0, "d", None), (0, "e", None),
        (0, "f", None),
    ],
)  # fmt: skip
def test_a_group_is_as_it_was(at_us, name, shape):
    (area,) = place(at_us).shapes(pa.chunked_array([[name]], pa.string()))
    assert area == shape or area.equals(shape)


def test_rows_come_in_their_order_and_null_has_no_place():
    shapes = place(5).shapes(pa.chunked_array([["b", None], ["a", "b"]], pa.string()))
    assert shapes.tolist() == [WEST, None, WEST, WEST]


def test_no_rows_have_no_places():
    assert len(place(5).shapes(pa.chunked_array([[]], pa.string()))) == 0
