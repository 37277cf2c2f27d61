"""A small division waits for no compiler, and its cells are the same to the bit."""

import os
import subprocess
import sys

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index import kernel
from stcloud.index.kernel import plainly
from stcloud.paas.grid.division import PRESETS, divide
from stcloud.paas.grid.division.chord import inside, is_free
from stcloud.paas.grid.division.cost import cells_cost, cells_costs
from stcloud.paas.grid.division.cut import best_cut
from stcloud.paas.grid.division.ground import PlotIndex
from stcloud.paas.grid.division.ring import measures
from stcloud.testing.examples import examples
from stcloud.testing.town import town

few = settings(deadline=None, max_examples=examples(40))
places = st.lists(st.floats(60, 220), min_size=5, max_size=40)
sizes = st.floats(1.0, 400_000.0)


def star(radii):
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    ring = np.array(radii)[:, None] * np.column_stack((np.cos(angles), np.sin(angles)))
    return np.round(ring, 2)


@few
@given(st.lists(st.tuples(sizes, st.floats(1.0, 8.0)), min_size=1, max_size=30), st.floats(2_000, 40_000))
def test_costs_of_many_places_are_those_of_each(shapes, target):
    area = np.array([size for size, _ in shapes])
    outline = np.sqrt(area) * np.array([bent for _, bent in shapes])
    for preset in PRESETS.values():
        weights = (preset.size, preset.shape, preset.least, preset.most)
        each = [cells_cost(a, p, target, weights)[0] for a, p in zip(area, outline, strict=True)]
        assert cells_costs(area, outline, target, weights).tolist() == each


@few
@given(places, st.sampled_from([0, 3]))
def test_a_place_is_cut_alike(radii, houses):
    ring = star(radii)
    place = shapely.Polygon(ring)
    corners = shapely.points([(0, 0), (45, 10), (-30, -40)])[:houses]
    buildings = shapely.buffer(corners, 12, quad_segs=2)
    (plot,) = PlotIndex.of(np.asarray(buildings, object), np.array([], object)).plots(np.array([place]))
    at = ring - plot.origin
    arguments = (
        np.ascontiguousarray(at[:, 0]), np.ascontiguousarray(at[:, 1]), np.arange(len(at)), 10_000.0,
        (0.35, 8.0, 0.5, 2.0), plot.obstacles(at), 3.0,
    )  # fmt: skip
    i, j, way, cost, hurt = best_cut(*arguments)
    plain = plainly(best_cut, *arguments)
    assert (plain[0], plain[3], plain[4]) == (i, cost, hurt)
    assert i < 0 or (plain[1], plain[2].tolist()) == (j, way.tolist())
    closed = np.vstack((ring, ring[:1]))
    assert plainly(measures, closed) == measures(closed)
    points = np.random.default_rng(len(radii)).uniform(-220, 220, (60, 2))
    assert plainly(inside, closed, points).tolist() == inside(closed, points).tolist()
    for far in range(2, min(len(at) - 1, 12)):
        assert plainly(is_free, *arguments[:2], 0, far) == is_free(*arguments[:2], 0, far)


@pytest.mark.thorough
@settings(deadline=None, max_examples=examples(8))
@given(st.integers(0, 10_000), st.sampled_from(sorted(PRESETS)))
def test_a_town_is_divided_alike(seed, preset):
    place = town(1_000, seed)
    divisions = []
    for pays in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kernel.Kernel, "pays", lambda _self, _steps, pays=pays: pays)
            divisions.append(
                divide(
                    place.communities, place.community_codes, place.streets, place.buildings,
                    place.components, place.water, preset=PRESETS[preset],
                )
            )  # fmt: skip
    compiled, plain = divisions
    assert plain.codes.tolist() == compiled.codes.tolist()
    assert shapely.to_wkb(plain.cells).tolist() == shapely.to_wkb(compiled.cells).tolist()
    assert str(plain.quality) == str(compiled.quality)


def test_a_small_division_imports_no_compiler():
    code = (
        "import sys, numpy as np, shapely\n"
        "from stcloud.paas.grid.division import divide\n"
        "made = divide(np.array([shapely.box(0, 0, 600, 400)]), np.array(['420106001001']),\n"
        "              np.array([shapely.LineString([(200, -50), (210, 450)])]))\n"
        "assert len(made.codes) > 15, made.codes\n"
        "assert 'numba' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
