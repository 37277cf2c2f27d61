from datetime import datetime

from shapely import Point

from stcloud.saas.demo.files import SEED
from stcloud.saas.demo.ground import StreetPlan
from stcloud.saas.demo.requests import FIRST_DUMP, NEXT_DUMP, dumped, requests_of
from stcloud.saas.demo.survey import after_the_storm, first_survey

GROUND = StreetPlan(SEED)
LAMPS = after_the_storm(GROUND, first_survey(GROUND))
REQUESTS = requests_of(GROUND, [lamp for lamp in LAMPS if lamp.status == "damaged"])
NEW_YEAR, DECEMBER, STORM = datetime(2024, 1, 1), datetime(2024, 12, 1), datetime(2024, 6, 20)


def test_requests_are_of_one_year_and_in_order():
    opened = [request.opened for request in REQUESTS]
    assert opened == sorted(opened)
    assert NEW_YEAR <= opened[0] < opened[-1] < FIRST_DUMP
    assert all(request.closed > request.opened for request in REQUESTS)
    assert 3_000 < len(REQUESTS) < 5_000


def test_lamps_are_reported_after_the_storm():
    lamps = [request.opened for request in REQUESTS if request.subject == "street lamp"]
    after = [at for at in lamps if STORM <= at < datetime(2024, 7, 4)]
    before = [at for at in lamps if datetime(2024, 6, 6) <= at < STORM]
    assert len(after) > 2.5 * len(before) > 0


def test_the_second_file_knows_more_of_the_same_requests():
    first = {key: closed for key, _, closed in dumped(REQUESTS, FIRST_DUMP, DECEMBER)}
    later = {key: closed for key, _, closed in dumped(REQUESTS, NEXT_DUMP, DECEMBER)}
    assert first.keys() == later.keys()
    assert sum(first.values()) < sum(later.values())
    assert first.keys() < {key for key, _, _ in dumped(REQUESTS, FIRST_DUMP, NEW_YEAR)}


def in_block(block, subject):
    """How many requests about a subject are in a block, month by month."""
    area = GROUND.block(*block)
    opened = [at.opened.month for at in REQUESTS if at.subject == subject and area.covers(Point(at.x, at.y))]
    return [opened.count(month) for month in range(1, 13)]


def test_graffiti_grows_potholes_become_fewer_and_noise_comes_in_december():
    station, lanes, site = (
        in_block((4, 7), "graffiti"),
        in_block((6, 4), "pothole"),
        in_block((1, 1), "noise"),
    )
    assert sum(station[6:]) > 1.4 * sum(station[:6])
    assert sum(lanes[6:]) < 0.8 * sum(lanes[:6])
    assert site[11] > 30 > 5 > max(site[:11])
