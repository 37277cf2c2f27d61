"""The whole inspection: clean grids are clean, many faults at once are told apart, order does not matter."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InternalError, InvalidInput
from stcloud.iaas.bundle import bundled_text
from stcloud.paas.grid.check import KINDS, Fault, Rules, inspect
from stcloud.paas.grid.scheme import Scheme
from stcloud.testing.examples import examples
from stcloud.testing.town import noisy

SCHEME = Scheme.from_toml(bundled_text("grids", "unit-grid-15.toml"), name="unit-grid-15.toml")


def spoilt(clean):
    """A grid with a fault of most kinds."""
    cells, codes = clean.cells.copy(), clean.codes.copy()
    cells[40] -= cells[40].centroid.buffer(3)
    cells[45] = cells[45].buffer(0.5)
    cells[60] = None
    cells[75] = shapely.Polygon(shapely.get_coordinates(cells[75])[[0, 2, 1, 3]])
    codes[80], codes[90], codes[100], codes[110] = codes[81], "x", None, clean.names[0] + "998"
    return cells, codes


@given(st.randoms(), st.booleans())
@settings(deadline=None, max_examples=examples(8))
def test_the_report_does_not_depend_on_the_order_of_the_cells(clean, random, with_communities):
    cells, codes = spoilt(clean)
    order = list(range(len(cells)))
    random.shuffle(order)

    def told(report):
        return sorted(
            (one.kind, one.codes, one.area_m2 and round(one.area_m2, 6), one.message) for one in report.faults
        )

    before = clean.check(cells, codes, with_communities=with_communities)
    after = clean.check(cells[order], codes[order], with_communities=with_communities)
    assert told(before) == told(after)
    assert [one.kind for one in before.faults] == [one.kind for one in after.faults]


@pytest.mark.parametrize("with_communities", [True, False])
def test_clean_grids_are_clean(clean, with_communities):
    assert clean.check(with_communities=with_communities).is_clean
    bent = type(clean)(noisy(clean.cells, 30), clean.codes)
    assert bent.check(with_communities=with_communities, least_m2=4_000).is_clean


def test_an_empty_grid_has_no_fault_but_the_gaps(clean):
    assert clean.check([], [], with_communities=False).is_clean
    assert clean.check([], []).counts == {"gap": len(clean.names)}


def test_the_report_is_plain_data(clean):
    report = clean.check(*spoilt(clean))
    told = json.loads(json.dumps(report.to_dict()))
    assert told["counts"] == report.counts
    assert sum(report.counts.values()) == len(told["faults"]) == len(report.faults)
    assert not told["clean"]
    assert not told["sound"]
    assert {"no-polygon", "invalid-polygon", "gap", "no-code", "malformed-code", "duplicate-code"} <= set(
        report.counts
    )
    ranks = [list(KINDS).index(row["kind"]) for row in told["faults"]]
    assert ranks == sorted(ranks)
    assert all(row["message"] and row["remedy"] for row in told["faults"])
    for fault, row in zip(report.faults, told["faults"], strict=True):
        if fault.where is not None and not fault.where.is_empty:
            assert fault.where.distance(shapely.Point(row["x"], row["y"])) < 0.002


def test_columns_must_fit_together(clean):
    for wrong in ({"codes": clean.codes[:-1]}, {"start": [0]}):
        with pytest.raises(InvalidInput) as caught:
            clean.check(**wrong)
        assert caught.value.kind == "uneven-columns"


def test_codes_must_be_text(clean):
    with pytest.raises(InvalidInput) as caught:
        clean.check(codes=np.arange(len(clean.cells)))
    assert caught.value.kind == "codes-not-text"


def test_rules_must_make_sense():
    for wrong in (
        {"tolerance_m": 0},
        {"tolerance_m": float("nan")},
        {"least_m2": 11_000},
        {"most_m2": 9_000},
    ):
        with pytest.raises(InvalidInput) as caught:
            Rules(**wrong)
        assert caught.value.kind == "invalid-rules"


def test_a_fault_has_a_known_kind():
    with pytest.raises(InternalError) as caught:
        Fault("hole", (), (), "")
    assert caught.value.kind == "unknown-fault"


BOXES = st.lists(
    st.tuples(*[st.integers(0, 6)] * 2, *[st.integers(1, 4)] * 2, st.integers(0, 3), st.integers(1, 3)),
    min_size=1, max_size=7,
)  # fmt: skip


@given(BOXES)
@settings(deadline=None, max_examples=examples(100))
def test_overlaps_and_gaps_are_those_of_brute_force(boxes):
    shapes = [shapely.box(x, y, x + wide, y + high) for x, y, wide, high, _, _ in boxes]
    starts = np.array([start for *_, start, _ in boxes])
    ends = starts + [length for *_, length in boxes]
    codes = [f"320582110152{number:03d}" for number in range(1, len(boxes) + 1)]
    last = max(starts.max(), ends.max())
    alive = (starts <= last) & (last < ends)
    alive = alive if alive.any() else (starts <= starts.max()) & (starts.max() < ends)
    square = shapely.box(0, 0, 10, 10)
    report = inspect(shapes, codes, [square], ["320582110152"], starts, ends, scheme=SCHEME)
    shared, bare = {}, 0.0
    for fault in report.faults:
        if fault.kind.startswith("overlap"):
            shared[fault.rows] = shared.get(fault.rows, 0) + fault.area_m2
        if fault.kind.startswith("gap"):
            bare += fault.area_m2
    expected = {
        (a, b): (shapes[a] & shapes[b]).area
        for a in range(len(shapes))
        for b in range(a + 1, len(shapes))
        if (shapes[a] & shapes[b]).area and max(starts[a], starts[b]) < min(ends[a], ends[b])
    }
    assert shared == pytest.approx(expected)
    whole = shapely.union_all([shape for shape, is_there in zip(shapes, alive, strict=True) if is_there])
    assert bare == pytest.approx((square - whole).area)
    assert report.current == alive.sum()
