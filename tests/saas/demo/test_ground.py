import numpy as np
import pytest
import shapely

from stcloud.saas.demo.files import SEED
from stcloud.saas.demo.ground import StreetPlan, feature

GROUND = StreetPlan(SEED)


def test_communities_tile_the_town():
    areas = [place["area"] for place in GROUND.communities]
    assert all(shapely.is_valid(area) and area.geom_type == "Polygon" for area in areas)
    assert len({place["code"] for place in GROUND.communities}) == len(areas) == 12
    assert shapely.union_all(areas).area == pytest.approx(sum(area.area for area in areas))
    assert 1.2e6 < sum(area.area for area in areas) < 2.4e6


def test_blocks_lie_in_their_community_and_places_in_their_block():
    shares = np.random.default_rng(0).uniform(0, 1, (50, 2))
    for place in GROUND.communities:
        for block in place["blocks"]:
            assert place["area"].buffer(1e-6).covers(GROUND.block(*block))
            at = shapely.points(GROUND.inside(block, shares))
            assert GROUND.block(*block).buffer(1e-6).covers(at).all()


def test_main_roads_run_through_and_lanes_have_gaps():
    lines = {}
    for name, kind, line in GROUND.streets:
        lines.setdefault((kind, name), []).append(line)
    assert all(len(parts) == 1 for (kind, _), parts in lines.items() if kind == "main")
    assert any(len(parts) > 1 for (kind, _), parts in lines.items() if kind == "lane")
    borders = shapely.union_all([place["area"].boundary for place in GROUND.communities])
    main = shapely.union_all([line for _, kind, line in GROUND.streets if kind == "main"])
    assert borders.difference(main.buffer(0.01)).length == pytest.approx(0)


def test_the_town_lies_in_the_open_sea():
    """East of every island of Zhoushan; in degrees, to a millimetre."""
    lon, lat = shapely.geometry.shape(feature(GROUND.block(0, 0))["geometry"]).centroid.coords[0]
    assert 122.97 < lon < 123.02
    assert 29.98 < lat < 30.02


def test_another_seed_gives_another_town_and_the_same_seed_the_same():
    assert (StreetPlan(SEED).nodes == GROUND.nodes).all()
    assert (StreetPlan(SEED + 1).nodes != GROUND.nodes).any()
