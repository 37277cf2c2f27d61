"""`stcloud check --trail`: an audit trail is as its city knows it, or a line says what is wrong."""

import json

import pytest

import stcloud
from stcloud.saas.rights.auditentry import AuditEntry
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.principal import Principal
from stcloud.saas.rights.traildigests import TrailDigests
from stcloud.testing.hands import Hands


@pytest.fixture
def city(tmp_path):
    clock = Hands("2026-09-07T09:00+12:00")
    trail = AuditTrail(tmp_path / "audit.ndjson")
    digests = TrailDigests(trail)
    with stcloud.create(tmp_path / "town", crs="EPSG:2193", zone="Pacific/Auckland") as made:
        for number in range(4):
            trail.add(AuditEntry(principal=Principal("zhao"), action="items", at_us=clock(), rows=number))
            if number < 3:
                digests.enter({"town": made}, clock())
            clock.pass_hours(1)
    return tmp_path / "town"


def test_a_trail_that_is_whole_has_no_faults(run, city, tmp_path):
    done = run("check", city, "--trail", tmp_path / "audit.ndjson", "--format", "json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == [
        {"layer": None, "check": "digests", "faults": 0, "example": None},
        {"layer": None, "check": "trail", "faults": 0, "example": None},
    ]
    assert "4 lines, of which 3 are proved by 3 digests of the ledger" in done.err


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: lines[:2], "audit.ndjson has 2 lines, and had 3 at 2026-09-07T11:00:00"),
        (lambda lines: [lines[0], *lines[2:]], "line 2 of audit.ndjson does not follow"),
        (
            lambda lines: [lines[0], lines[1].replace(b'"rows": 1', b'"rows": 0'), *lines[2:]],
            "line 3 of audit.ndjson",
        ),
    ],
)
def test_a_line_that_is_cut_missing_or_changed_is_said_in_one_line(run, city, tmp_path, change, line):
    path = tmp_path / "audit.ndjson"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    done = run("check", city, "--trail", path)
    assert done.code == 7
    assert line in done.line


def test_a_trail_is_checked_by_itself(run, city, tmp_path):
    done = run("check", city, "calls", "--trail", tmp_path / "audit.ndjson")
    assert (done.code, "trail-alone" in done.err or "not both" in done.err) == (2, True)
    assert run("check", city, "--trail", tmp_path / "nowhere.ndjson").code == 2


KINDS = ("trail-alone",)
"""What the command refuses, by kind."""
