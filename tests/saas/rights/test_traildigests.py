"""Cities know once an hour what a trail holds; one that cannot be written stops nothing."""

import logging
import shutil

import pytest

import stcloud
from stcloud.daas.traildigest import trail_digests
from stcloud.saas.rights.auditentry import AuditEntry
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.principal import ANONYMOUS
from stcloud.saas.rights.traildigests import TrailDigests
from stcloud.testing.hands import Hands
from stcloud.testing.machines import Machine


@pytest.fixture
def clock():
    return Hands("2026-09-07T09:00+12:00")


@pytest.fixture
def cities(tmp_path):
    places = {"auckland": ("EPSG:2193", "Pacific/Auckland"), "shanghai": ("EPSG:4549", "Asia/Shanghai")}
    made = {name: stcloud.create(tmp_path / name, crs=crs, zone=zone) for name, (crs, zone) in places.items()}
    yield made
    for city in made.values():
        city.close()


@pytest.fixture
def trail(tmp_path):
    return AuditTrail(tmp_path / "audit.ndjson")


def write(trail, lines=1):
    trail.add_all(AuditEntry(principal=ANONYMOUS, action="items", at_us=1) for _ in range(lines))


def lines_in(city):
    return [digest.head.lines for digest in trail_digests(city.parts.catalogue.ledger)]


def test_each_city_knows_once_an_hour_what_the_trail_holds(cities, trail, clock):
    digests = TrailDigests(trail)
    digests.enter(cities, clock())
    write(trail, 3)
    for _ in range(3):
        digests.enter(cities, clock())
        write(trail)
    clock.pass_hours(1)
    digests.enter(cities, clock())
    clock.pass_hours(1)
    digests.enter(cities, clock())  # nothing was written
    write(trail)
    TrailDigests(trail).enter(cities, clock())  # another process
    write(trail)
    digests.enter(cities, clock())
    digests.enter(cities, clock(), ends=True)
    for city in cities.values():
        assert lines_in(city) == [3, 6, 7, 8]
    newest = trail_digests(cities["auckland"].parts.catalogue.ledger)[-1]
    assert (newest.head, newest.file, newest.head.digest) == (trail.head(), "audit.ndjson", trail.digest())


def test_a_city_that_cannot_be_written_stops_nothing_and_is_named_once(
    cities, trail, clock, tmp_path, caplog
):
    shutil.rmtree(tmp_path / "auckland" / ".work", ignore_errors=True)
    (tmp_path / "auckland" / ".work").write_text("no folder")
    digests = TrailDigests(trail)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            write(trail)
            digests.enter(cities, clock())
            clock.pass_hours(1)
    (line,) = caplog.messages
    assert line.startswith("city 'auckland' gets no digests of the audit trail: could not lock _audit")
    assert (lines_in(cities["auckland"]), lines_in(cities["shanghai"])) == ([], [1, 2, 3])
    (tmp_path / "auckland" / ".work").unlink()
    digests.enter(cities, clock(), ends=True)
    assert lines_in(cities["auckland"]) == [3]


def test_lines_are_counted_of_whatever_file_is_there(trail, tmp_path):
    assert trail.head() is None
    write(trail, 3)
    assert trail.head().lines == 3
    with (tmp_path / "audit.ndjson").open("ab") as file:
        file.write(b"half a line")
    write(trail, 2)
    first = trail.head()
    assert (first.lines, first.digest, trail.verify()) == (5, trail.digest(), 5)
    (tmp_path / "audit.ndjson").rename(tmp_path / "audit-1.ndjson")
    trail.add_all(AuditEntry(principal=ANONYMOUS, action="other", at_us=2) for _ in range(9))
    assert (trail.head().lines, trail.head().trail == first.trail) == (9, False)


def test_a_city_in_a_bucket_gets_digests_and_one_that_breaks_its_promise_none(
    tmp_path, trail, clock, caplog, monkeypatch
):
    Machine(tmp_path / "founder", tmp_path / "bucket", clock).create().close()
    machine = Machine(tmp_path / "served", tmp_path / "bucket", clock)
    digests = TrailDigests(trail)
    write(trail)
    with machine.open() as city:
        digests.enter({"town": city}, clock())
        assert (lines_in(city), caplog.messages) == ([1], [])
    monkeypatch.setattr(
        type(machine.store), "put_if_absent", lambda self, key, data: self.put(key, data) or True
    )
    write(trail)
    with machine.open() as city:
        digests.enter({"town": city}, clock(), ends=True)
        assert lines_in(city) == [1]
    (line,) = caplog.messages
    assert line.startswith("city 'town' gets no digests of the audit trail")
