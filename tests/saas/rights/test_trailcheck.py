"""What was changed in a trail before its newest digest is found, whatever was made of the lines after it."""

import hashlib
import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from stcloud.daas.traildigest import TrailDigest, TrailHead
from stcloud.saas.rights.auditentry import AuditEntry
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.principal import Principal
from stcloud.saas.rights.trailcheck import checked_trail
from stcloud.time import Zone

ZONE = Zone("Pacific/Auckland")
LINES = 8
AT_US = 1_772_000_000_000_000


def sha(line):
    return hashlib.sha256(line).hexdigest()


def rechained(lines):
    """Return lines of which each follows the one before, as whoever knows how a trail is made can write them."""
    previous, made = "0" * 64, []
    for line in lines:
        made.append(json.dumps({**json.loads(line), "previous": previous}, sort_keys=True).encode())
        previous = sha(made[-1])
    return made


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    path = tmp_path_factory.mktemp("trail") / "audit.ndjson"
    trail = AuditTrail(path)
    for number in range(LINES):
        trail.add(AuditEntry(principal=Principal(f"p{number}"), action="items", at_us=number, rows=number))
    return path.read_bytes().splitlines()


def digests_of(lines, counts):
    """Return the digests that a ledger has of a trail, computed here of its lines."""
    return [
        TrailDigest(TrailHead(sha(lines[0]), count, sha(lines[count - 1])), "audit.ndjson", 0, AT_US + count)
        for count in counts
    ]


def check(folder, lines, digests):
    path = folder / "audit.ndjson"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return checked_trail(AuditTrail(path), digests, ZONE)


def attack(lines, way, place):
    entry = json.dumps({**json.loads(lines[place]), "rows": 999}, sort_keys=True).encode()
    return {
        "change": [*lines[:place], entry, *lines[place + 1 :]],
        "remove": [*lines[:place], *lines[place + 1 :]],
        "insert": [*lines[:place], entry, *lines[place:]],
        "repeat": [*lines[:place], lines[place], *lines[place:]],
        "exchange": [*lines[:place], *lines[place : place + 2][::-1], *lines[place + 2 :]],
        "cut": lines[:place],
    }[way]


WAYS = ("change", "remove", "insert", "repeat", "exchange", "cut")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(WAYS), st.integers(0, LINES - 1), st.sets(st.integers(1, LINES), min_size=1, max_size=3),
    st.booleans(),
)  # fmt: skip
def test_what_was_changed_before_the_newest_digest_is_found(lines, tmp_path, way, place, counts, rechain):
    first = place + (way == "repeat")  # the first line that is another
    assume(first < max(counts) - (way == "exchange"))
    attacked = attack(lines, way, place)
    found = check(tmp_path, rechained(attacked) if rechain else attacked, digests_of(lines, counts))
    assert found.faults
    if rechain:
        assert found.covered == max([0, *(count for count in counts if count <= first)] if first else [0])


@given(st.sets(st.integers(1, LINES), min_size=1, max_size=3), st.integers(1, LINES))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_trail_that_nobody_changed_has_no_faults(lines, tmp_path, counts, there):
    assume(there >= max(counts))
    others = [TrailDigest(TrailHead("f" * 64, 3, "e" * 64), "audit.ndjson", 0, AT_US)]
    found = check(tmp_path, lines[:there], [*others, *digests_of(lines, counts)])
    assert (found.lines, found.covered, found.digests, found.faults) == (there, max(counts), len(counts), ())


def test_faults_say_what_is_wrong_and_where(lines, tmp_path):
    digests = digests_of(lines, (3, 6))
    instant = ZONE.iso(AT_US + 6)
    assert instant.endswith("+13:00")
    cases = {
        "cut": (lines[:5], f"audit.ndjson has 5 lines, and had 6 at {instant}: its end was cut off"),
        "changed": (
            rechained(attack(lines, "change", 4)),
            f"lines 4 to 6 of audit.ndjson are not those of {instant}: one was changed",
        ),
        "left out": ([*lines[:4], *lines[5:]], "line 5 of audit.ndjson does not follow the line before it"),
        "no entry": ([*lines[:4], b"{}", *lines[5:]], "line 5 of audit.ndjson is no entry"),
        "first": (rechained(attack(lines, "change", 0)), "as it begins now: its first line was changed"),
        "none": ([], "audit.ndjson has no lines, and had 6"),
    }  # fmt: skip
    for name, (attacked, text) in cases.items():
        assert text in check(tmp_path, attacked, digests).faults[0], name
    assert "no digest of any audit trail" in check(tmp_path, lines, []).faults[0]


def test_what_is_being_written_is_no_line(lines, tmp_path):
    path = tmp_path / "audit.ndjson"
    path.write_bytes(b"\n".join(lines))
    found = checked_trail(AuditTrail(path), digests_of(lines, (LINES - 1,)), ZONE)
    assert (found.lines, found.faults) == (LINES - 1, ())
