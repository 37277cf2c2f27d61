"""`stcloud load --from-open311`: another city's service is loaded, changes become versions, a stopped run goes on."""

import threading
import time
from pathlib import Path

import pytest
import uvicorn

import stcloud
from stcloud.errors import InvalidInput
from stcloud.saas.cli.loadopen311 import Endpoint
from stcloud.saas.web import Service, Settings, application
from stcloud.space import project
from stcloud.testing.hands import Hands
from tests.saas.harvest.conftest import Server, service_of

LAYER = "others"


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    monkeypatch.setenv("STCLOUD_OPEN311_PAUSE_S", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def city(tmp_path):
    stcloud.create(tmp_path / "here", crs="EPSG:2193", zone="Asia/Shanghai").close()
    return tmp_path / "here"


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


@pytest.fixture
def other(tmp_path):
    """Another city, in Auckland, and the address of its service."""
    stcloud.create(tmp_path / "there", crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ").close()
    opened = stcloud.open(tmp_path / "there", clock=Hands("2024-03-07T09:00+13:00"))
    opened.cases("desk", create="urban-management").close()
    service = Service({"there": opened}, Settings(open311="desk"))
    server = uvicorn.Server(uvicorn.Config(application(service), "127.0.0.1", 0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield opened, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/open311/v2"
    server.should_exit = True
    thread.join()


def rows_of(city, known_at=None):
    with stcloud.open(city) as opened:
        query = opened.query(LAYER)
        query = query if known_at is None else query.known_at(known_at)
        return {row["st_key"]: row for row in query.rows()}


def test_what_one_city_serves_another_loads_and_changes_become_versions(run, city, other):
    there, url = other
    numbers = []
    with there.cases("desk") as cases:
        for place in range(7):
            accepted = cases.open(
                actor="c", role="collector", fields={"source": "collector", "kind": "matter", "class": "01001"},
                at=(174.7 + place / 100, -36.85),
            )  # fmt: skip
            numbers.append(accepted.state.case)
        assert run("load", city, LAYER, "--from-open311", url, "--since", "2024-03-01").code == 0
        first = rows_of(city)
        assert sorted(first) == sorted(numbers)
        for place, number in enumerate(numbers):
            assert first[number]["status"] == "open"
            assert first[number]["service_code"] == "matter-01001"
            lon, lat = project([first[number]["st_x"]], [first[number]["st_y"]], "EPSG:2193", "EPSG:4326")
            assert abs(lon[0] - 174.7 - place / 100) < 1e-6
            assert abs(lat[0] + 36.85) < 1e-6
        cases.act(numbers[2], "reject", actor="o", role="operator", fields={"reason": "not_ours"})
    with stcloud.open(city) as opened:
        before_us = opened.layer(LAYER).loads[-1].recorded_at_us
    assert run("load", city, LAYER, "--from-open311", url, "--since", "2024-03-01").code == 0
    second = rows_of(city)
    assert {number for number in numbers if second[number]["status"] == "closed"} == {numbers[2]}
    assert {row["status"] for row in rows_of(city, known_at=before_us).values()} == {"open"}


def test_a_run_that_fails_goes_on_where_it_was(run, city, server, tmp_path):
    rows = [
        {"service_request_id": f"r{day}", "requested_datetime": f"2024-0{1 + day // 28}-{1 + day % 28:02}T00:00:00Z"}
        for day in range(200)
    ]  # fmt: skip
    whole, asked = service_of(rows, 50), []

    def answer(path):
        asked.append(path)
        return (400, {}, b"no more today") if len(asked) == 9 else whole(path)

    server.answer = answer
    result = run("load", city, LAYER, "--from-open311", server.url, "--since", "2024-01-01")
    assert result.code == 2
    assert "no more today" in result.err
    result = run("load", city, LAYER, "--from-open311", server.url, "--since", "2024-01-01")
    assert result.code == 0, result.err
    assert "some of them by an earlier run" in result.err
    assert len(rows_of(city)) == 200
    assert not list((tmp_path / "cache").rglob("rows.ndjson"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--since", "2024-01-01"], "give both"), (["--from-open311", "file:///etc/passwd"], "nothing can be read"),
        (["a.csv", "--from-open311", "http://127.0.0.1:9/"], "give one of them"),
        (["--from-open311", "http://127.0.0.1:9/", "--since", "2999-01-01"], "not in the past"),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_is_refused_in_one_line(run, city, arguments, words):
    result = run("load", city, LAYER, *arguments)
    assert result.code == 2
    assert words in result.err
    assert "Traceback" not in result.err


def test_options_that_do_not_go_together_are_refused_by_their_kinds():
    with pytest.raises(InvalidInput) as raised:
        Endpoint.of("city", None, "2024-01-01", None)
    assert raised.value.kind == "no-endpoint"
    with pytest.raises(InvalidInput) as raised:
        Endpoint.of("city", "http://127.0.0.1:9/", None, None).refuse_besides([Path("a.csv")])
    assert raised.value.kind == "two-sources"


def test_a_dry_run_keeps_what_was_read(run, city, server):
    server.answer = service_of(
        [{"service_request_id": "1", "requested_datetime": "2024-03-01T00:00:00Z"}], 50
    )
    command = ("load", city, LAYER, "--from-open311", server.url, "--since", "2024-02-28")
    assert run(*command, "--dry-run").code == 0
    asked = len(server.addresses)
    assert asked > 0
    assert run(*command).code == 0
    assert len(server.addresses) == asked
    assert list(rows_of(city)) == ["1"]
    assert list(rows_of(city)) == ["1"]


def test_an_endpoint_without_requests_loads_nothing(run, city, server):
    result = run("load", city, LAYER, "--from-open311", server.url, "--since", "2024-02-28")
    assert (result.code, result.err) == (0, "read 0 requests\n")
