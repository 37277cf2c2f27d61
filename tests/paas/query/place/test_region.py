"""Rows of a region: found by searches in ascending cells, they are those that a look at every row finds."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.query.place.region import Region
from stcloud.space import Lattice, cover
from stcloud.testing.examples import examples

LATTICE = Lattice("EPSG:32618", (0, 0))
STAR = shapely.Polygon([(150, 100), (1830, 420), (900, 800), (1700, 1900), (700, 1200), (90, 1750)])


def region(area=STAR, cells=()):
    return Region.of(area, cover(area, LATTICE), cells)


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 3000), max_size=4), st.booleans())
def test_rows_found_by_searches_are_those_that_hold(seed, sizes, with_cells):
    """Law: of rows in stretches by cell, as files have them, `rows` gives the numbers of those that `holds`."""
    chance = np.random.default_rng(seed)
    parts = [chance.uniform(-50, 2050, (size, 2)).clip(0).round(chance.integers(0, 3)) for size in sizes]
    parts = [part[np.argsort(LATTICE.cells(*part.T), kind="stable")] for part in parts]
    x, y = np.concatenate([np.empty((0, 2)), *parts]).T
    cells = LATTICE.cells(x, y)
    asked = region(cells=((int(cells[0]), int(cells[0]) + 50),) if with_cells and len(cells) else ())
    found = asked.rows(cells, x, y)
    assert found.tolist() == np.flatnonzero(asked.holds(cells, x, y)).tolist()
    if not with_cells:
        assert found.tolist() == np.flatnonzero(shapely.intersects_xy(STAR, x, y)).tolist()


@pytest.mark.parametrize("seed", range(20))
def test_bounds_meet_a_region_where_a_cell_of_it_lies_between(seed):
    """Law: many bounds at once are told as each by itself, and unknown ones may hold everything."""
    asked, chance = region(cells=((10**12, 10**12 + 5),)), np.random.default_rng(seed)
    ends = np.concatenate([asked.starts, asked.stops, asked.cell_starts, asked.cell_stops])
    low = chance.choice(ends, 200) + chance.integers(-2, 3, 200)
    high = low + chance.choice([0, 1, 5, 10_000, 10**8], 200)
    met = asked.meets(low.astype(float), high.astype(float))
    assert met.tolist() == [asked.may_hold(*one) for one in zip(low.tolist(), high.tolist(), strict=True)]
    assert asked.meets(np.array([-np.inf]), np.array([np.inf])).tolist() == [True]
