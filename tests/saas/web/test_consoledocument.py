"""What a page needs at its start, and who is signed in: never a credential."""

import threading

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web import Service, Settings, application

POLICY = """
[[allow]]
who = "role:desk"
do = "read"
cities = "one"
layers = "*"
cases = "open"
"""


def test_a_page_starts_with_what_there_is(shanghai):
    start = shanghai.get("/console.json")
    city = shanghai.city
    assert (start["name"], start["zone"], start["crs"]) == (city.name, "Asia/Shanghai", "EPSG:4549")
    assert [layer["name"] for layer in start["layers"]] == ["calls", "plots"]
    assert start["bbox"] == shanghai.get("/collections/catalog")["extent"]["spatial"]["bbox"][0]
    assert (start["logs"], start["grids"], start["calendar"]) == ([], [], None)
    assert len(start["layers"][0]["recorded"]) == len(city.layer("calls").loads)
    assert start["session"] == shanghai.get("/session")
    assert shanghai.problem("/console.json", 400, at="now")["title"] == "unknown-parameter"
    assert shanghai.problem("/session", 400, token="x")["title"] == "unknown-parameter"


@pytest.fixture
def cities(tmp_path):
    made = {}
    for name in ("one", "two"):
        city = made[name] = stcloud.create(
            tmp_path / name, crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ"
        )
        city.load("calls", [{"id": "a", "at": "2024-03-01", "lon": 174.7, "lat": -36.9}], key="id", time="at",
                  lon="lon", lat="lat")  # fmt: skip
        for log in ("open", "closed"):
            city.cases(log, create="urban-management").close()
    return made


def test_a_session_says_who_is_signed_in_and_nothing_of_what_it_showed(cities, tmp_path):
    tokens = Tokens(tmp_path / "tokens.toml")
    token = tokens.add("zhao", ["desk"], now_us=0)
    service = Service(
        cities, Settings(rate="100000/second"), policy=Policy.from_toml(POLICY, name="policy.toml"), tokens=tokens,
        clock=lambda: 1_000_000,
    )  # fmt: skip
    with TestClient(application(service), base_url="http://town") as client:
        head = {"Authorization": f"Bearer {token}"}
        answer = client.get("/one/session", headers=head)
        assert answer.json() == {
            "principal": "zhao", "anonymous": False, "roles": ["desk"], "policy": True,
            "cities": [{"name": "one", "href": "http://town/one/"}],
        }  # fmt: skip
        assert token not in answer.text
        assert client.get("/one/console.json", headers=head).json()["logs"] == ["open"]
        assert (
            client.get("/one/session").status_code
            == client.get("/two/session", headers=head).status_code
            == 404
        )


def test_what_a_page_will_need_is_loaded_once_when_the_first_is_opened(shanghai):
    begun = threading.Semaphore(0)
    service = Service({"town": shanghai.city}, page_opened=begun.release)
    with TestClient(application(service)) as client:
        assert client.get("/collections").status_code == 200
        assert not begun.acquire(timeout=0.1)
        for _ in range(2):
            assert client.get("/console.json").status_code == 200
        assert begun.acquire(timeout=20)
        assert not begun.acquire(timeout=0.1)
        service.cities = {}  # the town is served on
