"""What questions refer to: classes, days and grids are those of the library."""

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.policy import Policy
from stcloud.saas.web import Service, Settings, application
from stcloud.testing.cases import CRS, GRID, grid_of
from stcloud.testing.town import quads

POLICY = "[[allow]]\nwho = 'anonymous'\ndo = 'count'\nlayers = '*'\n"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    shapes, codes = quads(3, 3)
    grid_of(shapes, codes).to_file(folder / "cells.gpkg")
    with stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai", calendar="CN") as made:
        definition = stcloud.Definition.from_toml(GRID, name="grid.toml")
        made.load("cells", folder / "cells.gpkg", definition=definition, valid_from="2020-01-01")
        yield made


@pytest.fixture(scope="module")
def client(city):
    return TestClient(application(Service({"town": city}, Settings(rate="100000/second"))))


def test_classes_come_as_trees(client, city):
    schemes = client.get("/classes").json()["schemes"]
    minors = {
        (scheme["kind"], scheme["edition"], major["code"], minor["code"])
        for scheme in schemes for major in scheme["classes"] for minor in major["classes"]
    }  # fmt: skip
    assert minors == {
        (row.kind, row.edition, row.major, row.code) for row in city.classes.table() if row.major
    }
    few = client.get("/classes?kind=matter&at=2026-09-01").json()["schemes"]
    assert [(scheme["kind"], scheme["edition"]) for scheme in few] == [("matter", "2026")]


def test_days_of_a_span_are_working_days_or_free(client):
    document = client.get("/calendar?from=2024-02-09&to=2024-02-18").json()
    assert document["calendar"] == "CN"
    works = {each["day"]: each["is"] for each in document["span"]}
    assert len(works) == 10
    assert (works["2024-02-09"], works["2024-02-12"], works["2024-02-18"]) == ("working", "free", "working")
    assert client.get("/calendar?from=2024-02-18").json()["span"] == document["span"][-1:]
    assert client.get("/calendar?to=2090-02-18").json()["span"][0]["provisional"] is True


def test_a_city_without_a_calendar_has_no_days(shanghai):
    assert shanghai.get("/calendar", year=2024) == {"calendar": None, "days": [], "span": []}


def test_grids_have_their_cells_and_versions(client):
    (grid,) = client.get("/grids?at=2024-01-01T00:00:00Z").json()["grids"]
    assert (grid["layer"], grid["scheme"], grid["cells"]) == ("cells", "unit-grid-15", 9)
    assert grid["versions"] == [{"from": "2019-12-31T16:00:00Z", "cells": 9}]
    assert sum(area["cells"] for area in grid["areas"] if area["kind"] == "community") == 9


def test_grids_of_which_only_counts_may_be_seen_are_absent(city):
    policy = Policy.from_toml(POLICY, name="policy.toml")
    with TestClient(
        application(Service({"town": stcloud.open(city.parts.folder.root)}, policy=policy))
    ) as counted:
        assert counted.get("/grids").json() == {"grids": []}
        assert counted.get("/console.json").json()["layers"][0]["may"] == ["count"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/classes?kind=pothole", "unknown-class-kind"), ("/classes?at=%0A", "unreadable-day"),
        ("/calendar?year=0", "bad-year"), ("/calendar?from=2024-13-01", "unreadable-day"),
        ("/calendar?from=2024-02-01&to=2024-01-01", "bad-span"),
        ("/calendar?from=2000-01-01&to=2024-01-01", "bad-span"),
        ("/calendar?known=%3Cb%3E", "unreadable-time"), ("/grids?at=%27", "unreadable-time"),
        ("/grids?grid=x", "unknown-parameter"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_one_line(client, path, kind):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["title"]) == (400, kind)
    assert "\n" not in answer.text
