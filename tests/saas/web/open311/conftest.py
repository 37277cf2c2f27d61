"""A city in Auckland with a log of cases, and a service of it, on a clock whose hands tests move."""

import warnings

import pytest

import stcloud
from stcloud.saas.web import Service, Settings, application
from stcloud.testing.hands import Hands

with warnings.catch_warnings():  # starlette would have its client on another library
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

PLACE = (174.76, -36.85)


@pytest.fixture
def clock():
    return Hands("2026-09-07T09:00+12:00")


@pytest.fixture
def city(tmp_path, clock):
    stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ").close()
    with stcloud.open(tmp_path / "city", clock=clock) as opened:
        opened.cases("desk", create="urban-management").close()
        opened.cases("requests", create="service-requests").close()
        yield opened


@pytest.fixture
def client(city, clock):
    return client_of(city, clock)


def client_of(city, clock, **settings):
    settings = {"open311": "desk", "open311_rate": "1000/minute"} | settings
    return TestClient(application(Service({"city": city}, Settings(**settings), clock=clock)))


def form(**given):
    """A report that is taken; fields of which None is given are left out."""
    fields = {
        "service_code": "matter-01001", "lat": str(PLACE[1]), "long": str(PLACE[0]), "description": "a broken thing",
    } | given  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def post(client, ending="json", key=None, **given):
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(f"/open311/v2/requests.{ending}", data=form(**given), headers=headers)


def filed(client, **given):
    """Post a report, and return its number."""
    response = post(client, **given)
    assert response.status_code == 200, response.text
    return response.json()[0]["service_request_id"]
