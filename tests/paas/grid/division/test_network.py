import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.grid.division.network import canonical, network, noded
from stcloud.paas.grid.division.preset import PRESETS, Preset
from stcloud.testing.examples import examples

BOUNDARY = shapely.boundary(np.array([shapely.box(0, 0, 600, 400)]))
NOTHING = np.array([], dtype=object)
PRESET = PRESETS["balanced"]
coordinates = st.integers(0, 300).map(float)


def tidied(*streets, buildings=NOTHING):
    """The faces of a rectangle with streets, by area."""
    lines = canonical(np.array([shapely.LineString(one) for one in streets], dtype=object))
    found = network(canonical(BOUNDARY), lines, NOTHING, buildings, PRESET)
    return found, np.sort(shapely.area(shapely.get_parts(shapely.polygonize(found.lines))))


@settings(deadline=None, max_examples=examples(40))
@given(st.lists(st.tuples(coordinates, coordinates, coordinates, coordinates), min_size=1, max_size=12))
def test_noded_lines_meet_only_at_their_ends(ends):
    """Lines that are noded share no more than ends, and cover what was given."""
    given_lines = np.array([shapely.LineString([(a, b), (c, d)]) for a, b, c, d in ends if (a, b) != (c, d)])
    if not len(given_lines):
        return
    lines = noded(canonical(given_lines))
    first, second = shapely.STRtree(lines).query(lines, predicate="crosses")
    assert (first == second).all()
    assert shapely.hausdorff_distance(shapely.union_all(given_lines), shapely.union_all(lines)) < 1e-3


def test_a_street_that_misses_the_boundary_by_little_is_stretched():
    """A near miss encloses a face."""
    _, areas = tidied([(200, 0), (200, 391)])
    assert areas.tolist() == [80_000, 160_000]


def test_a_stub_is_pruned():
    """A short dead end does not become an edge."""
    _, areas = tidied([(0, 200), (600, 200)], [(300, 200), (300, 215)])
    assert areas.tolist() == [120_000, 120_000]


def test_a_dead_end_is_led_on():
    """A long dead end goes on ahead to the next line."""
    _, areas = tidied([(0, 200), (600, 200)], [(300, 200), (300, 320)])
    assert areas.tolist() == pytest.approx([60_000, 60_000, 120_000])


def test_a_dead_end_is_led_around_a_building():
    """No link parts a building."""
    building = shapely.box(150, 340, 450, 360)
    found, areas = tidied([(0, 200), (600, 200)], [(300, 200), (300, 320)], buildings=np.array([building]))
    assert len(areas) == 3
    assert not shapely.intersects(building.buffer(-0.11), found.lines).any()


def test_parallel_carriageways_become_one():
    """Two lines 12 m apart make one edge; a street that ended at the other is stretched to it."""
    found, areas = tidied(
        [(0, 200), (600, 200)], [(0, 212), (600, 212)], [(300, 212), (300, 400)], [(200, 0), (200, 200)]
    )
    assert len(areas) == 4
    assert areas.min() > 30_000
    assert shapely.length(found.single).sum() < 1_000


def test_a_street_along_a_boundary_joins_it():
    """A sliver between a street and a boundary is no face; the boundary stays."""
    found, areas = tidied([(0, 8), (600, 10)])
    assert areas.tolist() == [240_000]
    assert not found.street.any()


@pytest.mark.parametrize("bad", [{"street": -1.0}, {"least": 1.5}, {"most": 0.5}, {"step_m": 0.0}])
def test_a_preset_is_born_valid(bad):
    """bad-preset."""
    with pytest.raises(InvalidInput) as error:
        Preset("mine", **bad)
    assert error.value.kind == "bad-preset"
