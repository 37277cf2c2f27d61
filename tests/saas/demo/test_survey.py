import numpy as np
import shapely

from stcloud.saas.demo.files import SEED
from stcloud.saas.demo.ground import StreetPlan
from stcloud.saas.demo.survey import STORMY, after_the_storm, first_survey

GROUND = StreetPlan(SEED)
BEFORE = {lamp.key: lamp for lamp in first_survey(GROUND)}
AFTER = {lamp.key: lamp for lamp in after_the_storm(GROUND, list(BEFORE.values()))}


def test_lamps_stand_beside_the_streets_of_the_town():
    streets = shapely.union_all([line for _, _, line in GROUND.streets])
    away = shapely.distance(streets, shapely.points([(lamp.x, lamp.y) for lamp in BEFORE.values()]))
    assert away.max() < 6
    town = shapely.union_all([place["area"] for place in GROUND.communities])
    assert shapely.contains_xy(town, [(lamp.x, lamp.y) for lamp in BEFORE.values()]).mean() > 0.99
    assert 300 < len(BEFORE) < 600


def test_every_kind_of_change_is_there():
    both = BEFORE.keys() & AFTER.keys()
    changed = {
        "removed": BEFORE.keys() - AFTER.keys(),
        "added": AFTER.keys() - BEFORE.keys(),
        "damaged": {key for key in both if AFTER[key].status == "damaged"},
        "replaced": {key for key in both if AFTER[key].fitting != BEFORE[key].fitting},
        "moved": {key for key in both if (AFTER[key].x, AFTER[key].y) != (BEFORE[key].x, BEFORE[key].y)},
    }
    assert all(len(keys) >= 4 for keys in changed.values()), changed
    assert len(set().union(*changed.values())) < len(both) / 3
    assert not [lamp for lamp in BEFORE.values() if lamp.status == "damaged"]


def test_the_storm_damaged_lamps_by_the_water_alone():
    areas = [place["area"] for place in GROUND.communities if place["name"] in STORMY]
    damaged = np.array([(lamp.x, lamp.y) for lamp in AFTER.values() if lamp.status == "damaged"])
    assert shapely.distance(shapely.union_all(areas), shapely.points(damaged)).max() < 16
