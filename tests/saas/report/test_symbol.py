import numpy as np
import pyarrow as pa
import pytest
import shapely

from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.query import Answer
from stcloud.saas.report.symbol import shaded_of, symbols_of
from stcloud.space import Lattice, Level

LATTICE = Lattice.for_crs("EPSG:4548")
CELLS = LATTICE.cells([502_000.0, 502_100.0], [3_530_000.0] * 2, Level.M100).tolist()


def grouped(**columns):
    return Answer(pa.table({"cell_100m": pa.array([*CELLS, None], pa.int64()), **columns}), LATTICE, {})


def test_any_measure_shades_areas_and_what_has_no_value_stays_so():
    symbols = symbols_of(grouped(mean_n=[1.5, None, 9.0]))
    assert (symbols.field, symbols.noun, symbols.side_m, symbols.unplaced) == ("mean_n", "cell", 100, 1)
    np.testing.assert_array_equal(symbols.values, [1.5, np.nan])
    assert not symbols.whole


def test_a_compared_measure_is_drawn_as_its_change():
    answer = grouped(
        count=[3, 2, 1], count_before=[1, 2, 3], count_change=[2, 0, -2], count_change_pct=[200.0, 0, None]
    )
    assert symbols_of(answer).field == "count_change"
    assert symbols_of(answer).changes
    assert symbols_of(answer, "count_before").total == 6


def test_a_place_with_several_counts_has_their_sum_and_with_several_medians_is_refused():
    cells = pa.array([CELLS[0], CELLS[0], CELLS[1]], pa.int64())
    table = pa.table(
        {
            "cell_100m": cells,
            "month": ["2024-01", "2024-02", "2024-01"],
            "count": [1, 2, 4],
            "p90_n": [1.0, 2, 3],
        }
    )
    answer = Answer(table, LATTICE, {})
    groups = ("cell_100m", "month")
    assert symbols_of(answer, groups=groups).values.tolist() == [3, 4]
    assert symbols_of(answer, "p90_n", groups, {"p90_n": "sum(n)"}).values.tolist() == [3, 3]
    with pytest.raises(Unsupported) as caught:
        symbols_of(answer, "p90_n", groups)
    assert caught.value.kind == "no-map"


def test_features_are_drawn_and_those_without_a_place_are_counted():
    shapes = [shapely.to_wkb(shapely.box(0, 0, 9, 9)), None, shapely.to_wkb(shapely.Polygon())]
    symbols = symbols_of(Answer(pa.table({"st_key": ["a", "b", "c"], "st_geom": shapes}), LATTICE, {}))
    assert (len(symbols), symbols.unplaced, symbols.noun, symbols.values) == (1, 2, "feature", None)


def test_groups_are_never_shaded_by_themselves():
    assert shaded_of(Answer(pa.table({"n": [1], "count": [2]}), LATTICE, {}), ("n",)) == "count"


@pytest.mark.parametrize(
    ("columns", "shade", "error", "kind"),
    [
        ({"max_kind": ["a", "b", "c"]}, None, Unsupported, "no-map"),
        ({"count": [1, 2, 3]}, "cuont", InvalidInput, "unknown-field"),
        ({"count": [1, 2, 3]}, "cell_100m", InvalidInput, "unknown-field"),
    ],
)
def test_what_cannot_be_shaded_is_refused(columns, shade, error, kind):
    with pytest.raises(error) as caught:
        symbols_of(grouped(**columns), shade)
    assert caught.value.kind == kind
