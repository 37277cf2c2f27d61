"""Requests of a layer become cases, load after load, and what was known before stays known as it was."""

import pytest

import stcloud
from stcloud.daas.definition import EventDefinition
from stcloud.errors import InvalidInput
from stcloud.paas.case.requested import RequestColumns
from stcloud.testing.hands import Hands

DEFINITION = EventDefinition.model_validate({
    "id": "desk", "kind": "event", "key": ["id"], "extra_columns": "refuse",
    "time": {"column": "opened", "zone": "Asia/Shanghai"},
    "space": {"lon": "lon", "lat": "lat"},
    "columns": {
        "what": {"type": "text", "optional": True}, "status": {"type": "text", "optional": True},
        "closed": {"type": "instant", "optional": True, "zone": "Asia/Shanghai"},
    },
})  # fmt: skip
COLUMNS = RequestColumns.model_validate({
    "definition": "desk", "class": "what", "status": "status", "closed": "closed", "closed_when": ("Done",),
})  # fmt: skip
HEADER = "id,opened,lon,lat,what,status,closed\n"
FIRST = HEADER + (
    "1,2024-03-04T08:00,117.1,31.9,pothole,Open,\n"
    "2,2024-03-04T09:00,117.1,31.9,pothole,Done,2024-03-05T10:00\n"
    "3,2024-03-04T23:30,,,graffiti,Done,\n"
)
SECOND = HEADER + (
    "1,2024-03-04T08:00,117.1,31.9,graffiti,Done,2024-03-06T08:30\n"
    "2,2024-03-04T09:00,117.1,31.9,pothole,Done,2024-03-05T17:00\n"
    "3,2024-03-04T23:30,,,graffiti,Open,\n"
    "4,2030-01-01T00:00,117.1,31.9,pothole,Open,\n"
)


@pytest.fixture
def clock():
    return Hands("2024-03-07T12:00+08:00")


@pytest.fixture
def city(tmp_path, clock):
    made = stcloud.create(tmp_path / "city", crs="EPSG:4547", zone="Asia/Shanghai", calendar="CN")
    made.close()
    with stcloud.open(tmp_path / "city", clock=clock) as opened:
        yield opened


def load(city, tmp_path, text):
    file = tmp_path / "dump.csv"
    file.write_text(text, encoding="utf-8")
    return city.load("requests", file, definition=DEFINITION, max_rejected="100%")


def test_loads_become_actions(city, clock, tmp_path):
    with city.cases("open", create="imported-requests") as cases:
        load(city, tmp_path, FIRST)
        first = cases.import_layer("requests", columns=COLUMNS)
        assert (first.read, first.opened, first.actions, first.left_out) == (3, 3, 5, {})
        before = cases.pin()
        again = cases.import_layer("requests", columns=COLUMNS)
        assert (again.unchanged, again.actions) == (3, 0)
        clock.pass_hours(24)
        load(city, tmp_path, SECOND)
        second = cases.import_layer("requests", columns=COLUMNS)
        assert (second.opened, second.changed, second.corrections) == (0, 3, 1)
        assert [*second.left_out] == ["4"]
        assert "after now" in second.left_out["4"]
        states = {state.case: state for state in cases.states()}
        assert [states[number].state for number in "123"] == ["closed", "closed", "open"]
        zone = cases.zone
        assert zone.iso(states["1"].since_us) == "2024-03-06T08:30+08:00"
        assert zone.iso(states["2"].since_us) == "2024-03-05T17:00+08:00"
        assert states["1"].class_code == "graffiti"
        assert [action.name for action in cases.actions("2")] == ["report", "close", "correct"]
        assert zone.iso(cases.state("2", known_at=before).since_us) == "2024-03-05T10:00+08:00"
        assert cases.state("3", known_at=before).flags == {"undated"}
        assert cases.import_layer("requests", columns=COLUMNS).actions == 0


def test_an_import_needs_its_workflow_and_its_columns(city, tmp_path):
    load(city, tmp_path, FIRST)
    with city.cases("desk", create="urban-management") as cases, pytest.raises(InvalidInput) as refused:
        cases.import_layer("requests", columns=COLUMNS)
    assert refused.value.kind == "other-workflow"
    with city.cases("open", create="imported-requests") as cases:
        with pytest.raises(InvalidInput) as unknown:
            cases.import_layer("requests")
        assert unknown.value.kind == "unknown-import"
        with pytest.raises(InvalidInput) as missing:
            cases.import_layer("requests", columns=COLUMNS.model_copy(update={"department": "agency"}))
        assert missing.value.kind == "unknown-column"
        assert [*cases.states()] == []


def test_a_request_that_cannot_be_a_case_leaves_the_others(city, tmp_path):
    load(
        city,
        tmp_path,
        HEADER + '"a;b",2024-03-04T08:00,117.1,31.9,pothole,Open,\n2,2024-03-04T08:00,,,x,Open,\n',
    )
    with city.cases("open", create="imported-requests") as cases:
        done = cases.import_layer("requests", columns=COLUMNS)
        assert done.opened == 1
        assert [*done.left_out] == ["a;b"]
