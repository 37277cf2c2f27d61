"""Places of a layer and how much each counts; what cannot be counted is refused."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
import shapely

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.reach.placerows import PlaceRows, Weights


def table_of(values, kind=None):
    shapes = pa.array([shapely.to_wkb(shapely.Point(1, 2)), *[None] * (len(values) - 1)], pa.binary())
    return pa.table(
        {
            "st_key": [f"k{at}" for at in range(len(values))],
            "people": pa.array(values, kind),
            "st_geom": shapes,
        }
    )


def test_places_without_a_shape_are_nowhere():
    rows = PlaceRows.of(table_of([1, 2]), "buildings")
    x, y = rows.xy
    assert (x[0], y[0]) == (1, 2)
    assert np.isnan(x[1])
    assert rows.key_of(np.array([1, -1, 0])).to_pylist() == ["k1", None, "k0"]


def test_weights_are_numbers_and_null_counts_as_nothing():
    assert Weights.of(table_of([1, 2]), "buildings", None).values.tolist() == [1, 1]
    weights = Weights.of(table_of([3, None]), "buildings", "people")
    assert (weights.values.tolist(), weights.whole, weights.unknown) == ([3, 0], True, 1)
    assert weights.column(np.array([3.0])).type == pa.int64()
    assert Weights.of(table_of([Decimal("1.5"), Decimal(2)]), "buildings", "people").values.tolist() == [
        1.5,
        2,
    ]


@pytest.mark.parametrize(
    ("values", "column", "kind"),
    [
        ([1, -2], "people", "bad-weight"), ([1.0, float("nan")], "people", "bad-weight"),
        ([float("inf")], "people", "bad-weight"), (["many"], "people", "wrong-type"),
        ([True], "people", "wrong-type"),
        ([1], "peple", "unknown-column"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(values, column, kind):
    with pytest.raises((InvalidInput, NotFound)) as refused:
        Weights.of(table_of(values), "buildings", column)
    assert refused.value.kind == kind
