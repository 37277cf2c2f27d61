"""Longer steps and larger cells: nothing is lost, and what is not wholly known is not known."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.cube.cells import CubeCells
from stcloud.paas.cube.cube import CubeClass, CubeMeasure
from stcloud.testing.examples import examples
from stcloud.time import Every, Span, Zone, parse_when
from tests.paas.cube.conftest import cubes
from tests.paas.cube.test_emerging import made

ZONE = Zone("Pacific/Auckland")


def daily(values, known, classes=(), first="2024-04-01"):
    """Return a cube of the days from one on, across the day on which the clock is set back, the 7th."""
    count = values.shape[1]
    cube = made(
        values, np.ones(known.shape, bool), np.arange(count) * 100.0, np.zeros(count), classes=classes
    )
    days = Every.parse("1D").cut(parse_when(f"{first}/2024-12", ZONE), ZONE)
    cells = replace(cube.cells, lives=None, parents=paired(cube.cells))
    edges = days.edges_us[: len(values) + 1]
    there = known[(*np.unravel_index(cube.at, cube.shape)[:2],)]
    return replace(
        cube, edges_us=edges, labels=tuple(days.labels()[: len(values)]), cells=cells, mask=known, at=cube.at[there],
        measures={"count": replace(cube.measure(), values=cube.measure().values[there])},
        known_us=(int(edges[0]), int(edges[-1])), leftovers={"partial": 2, "outside": 1, "unplaced": 0, "unknown": 5},
    )  # fmt: skip


def paired(cells):
    """Two following cells lie in one."""
    parent = np.arange(len(cells)) // 2
    count = int(parent.max()) + 1 if len(parent) else 0
    larger = CubeCells("cell_200m", pa.array(np.arange(count)), *(np.zeros(count),) * 2, np.full(count, 4e4))
    return lambda _: (larger, parent)


def total(cube):
    return int(cube.dense()[cube.known].sum()) + sum(cube.leftovers.values())


@given(cubes(fewest=3), st.sampled_from(["1D", "2D", "3D", "1W", "1M"]), st.booleans())
@settings(deadline=None, max_examples=examples(150))
def test_nothing_is_lost(drawn, every, in_space):
    """Law: what is in the cube and its leftovers together stays the same."""
    values, known, _, _ = drawn
    cube = daily(np.abs(values).astype(np.int64), known, first="2024-03-30")
    cell = "200m" if in_space else None
    if every in ("1W", "1M") or int(every[:-1]) > len(values):
        bins = Every.parse(every).cut(Span(*cube.edges_us[[0, -1]].tolist()), ZONE)
        if not bins.whole.any():
            with pytest.raises(InvalidInput) as caught:
                cube.roll_up(every=every, cell=cell)
            assert caught.value.kind == "no-whole-step"
            return
    rolled = cube.roll_up(every=every, cell=cell)
    assert total(rolled) == total(cube)
    assert (rolled.at[:-1] < rolled.at[1:]).all()


@given(cubes(fewest=3), st.integers(1, 3))
@settings(deadline=None, max_examples=examples(150))
def test_longer_steps_and_larger_cells_are_plain_sums(drawn, days):
    values, known, _, _ = drawn
    values = np.abs(values).astype(np.int64)
    cube = daily(values, known)
    rolled = cube.roll_up(every=f"{days}D", cell="200m")
    steps, count = len(values) // days, values.shape[1]
    first = len(values) - steps * days
    assert rolled.shape == (steps, (count + 1) // 2)
    for step in range(steps):
        for cell in range((count + 1) // 2):
            part = np.s_[first + step * days : first + (step + 1) * days, cell * 2 : cell * 2 + 2]
            assert rolled.known[step, cell] == known[part].all()
            if known[part].all():
                assert rolled.dense()[step, cell] == values[part].sum()


def test_a_week_with_25_hours_more_is_a_week():
    rolled = daily(np.ones((14, 1), np.int64), np.ones((14, 1), bool)).roll_up(every="1W")
    assert rolled.labels == ("2024-W14", "2024-W15")
    assert np.diff(rolled.edges_us).tolist() == [169 * 3_600_000_000, 168 * 3_600_000_000]
    assert rolled.dense().tolist() == [[7], [7]]
    assert rolled.every == "1W"


def test_steps_that_are_not_whole_are_left_over():
    cube = daily(np.ones((40, 1), np.int64), np.ones((40, 1), bool), first="2024-03-25")
    rolled = cube.roll_up(every="1M")
    assert (rolled.labels, rolled.dense().tolist()) == (("2024-04",), [[30]])
    assert rolled.leftovers["partial"] == 2 + 7 + 3
    assert total(rolled) == total(cube)


def test_classes_stay_apart():
    axis = CubeClass("subject", pa.array(["noise", None]))
    values = np.arange(1, 17).reshape(4, 2, 2)
    rolled = daily(values, np.ones((4, 2), bool), classes=(axis,)).roll_up(every="2D", cell="200m")
    assert rolled.dense().tolist() == values.reshape(2, 2, 2, 2).sum(axis=(1, 2))[:, None].tolist()


@pytest.mark.parametrize(
    ("joined", "values", "expected"),
    [
        ("min", [3.0, np.nan, 1.0, 2.0], [3.0, 1.0]),
        ("max", [3.0, np.nan, 1.0, 2.0], [3.0, 2.0]),
        ("sum", [3.0, np.nan, np.nan, np.nan], [3.0, np.nan]),
    ],
)
def test_least_greatest_and_sums_are_those_of_all_that_have_a_value(joined, values, expected):
    cube = daily(np.ones((4, 1), np.int64), np.ones((4, 1), bool))
    cube = replace(
        cube, measures={"m": CubeMeasure("m", np.array(values), 0.0 if joined == "sum" else np.nan, joined)}
    )
    rolled = cube.roll_up(every="2D")
    np.testing.assert_array_equal(rolled.measure().values, expected)
    assert "partial" not in rolled.leftovers  # without a count nobody knows how many rows they are


def test_of_features_the_steps_that_begin_a_longer_one_are_kept():
    values = np.arange(1, 15)[:, None]
    cube = replace(daily(values, np.ones((14, 1), bool)), of_instants=True)
    means = {"mean(x)": CubeMeasure("mean(x)", cube.measure().values * 1.0, np.nan)}
    rolled = replace(cube, measures={**cube.measures, **means}).roll_up(every="1W")
    assert rolled.dense().tolist() == [[1], [8]]
    assert rolled.dense("mean(x)").tolist() == [[1.0], [8.0]]


def test_what_does_not_nest_or_merge_is_refused():
    cube = daily(np.ones((14, 3), np.int64), np.ones((14, 3), bool))
    weeks = cube.roll_up(every="1W")
    april = daily(np.ones((28, 1), np.int64), np.ones((28, 1), bool), first="2024-04-22")
    mean = replace(cube, measures={"mean(x)": replace(cube.measure(), written="mean(x)", joined="none")})
    for roll, kind in (
        (lambda: april.roll_up(every="1W").roll_up(every="1M"), "not-nested"),
        (lambda: cube.roll_up(every="1h"), "not-nested"),
        (lambda: weeks.roll_up(every="1D"), "not-nested"),
        (lambda: cube.roll_up(every="1Q"), "no-whole-step"),
        (lambda: cube.roll_up(every="3h"), "unknown-step"),
        (lambda: mean.roll_up(every="1W"), "not-additive"),
        (lambda: mean.roll_up(cell="200m"), "not-additive"),
        (lambda: replace(cube, cells=replace(cube.cells, parents=None)).roll_up(cell="1km"), "not-nested"),
    ):
        with pytest.raises((InvalidInput, Unsupported)) as caught:
            roll()
        assert caught.value.kind == kind
