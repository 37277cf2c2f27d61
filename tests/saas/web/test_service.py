"""A service keeps the latest of what it computed, and lets its cities go when it ends."""

import pytest

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.saas.web import Service
from stcloud.saas.web.service import Kept
from tests.saas.web.town import serving


def test_the_latest_values_are_kept():
    kept, computed = Kept(most=2), []

    def get(key):
        return kept.get(key, lambda: computed.append(key) or key)

    assert [get(key) for key in ("a", "b", "a", "c", "a", "b")] == ["a", "b", "a", "c", "a", "b"]
    assert computed == ["a", "b", "c", "b"]


def test_a_fault_is_not_kept():
    kept = Kept()
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 / 0)
    assert kept.get("a", lambda: 7) == 7


def test_an_unknown_city_is_not_found():
    with pytest.raises(NotFound, match="'nope'"):
        Service({}).city("nope")


def test_principals_have_digests_of_their_own():
    service = Service({})
    assert service.rights_digest("a") == service.rights_digest("a") != service.rights_digest("b")


def test_a_service_that_ends_closes_its_cities(tmp_path):
    city = stcloud.create(tmp_path / "town", crs="EPSG:4549", zone="Asia/Shanghai")
    with serving(city) as client:
        assert client.get("/collections").status_code == 200
    with pytest.raises(InvalidInput):
        city.layers()
