"""The ledger has a digest of an audit trail an hour, in a chain of its own, and loads are as without them."""

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stcloud.daas.ledger import Ledger
from stcloud.daas.names import LayerNames
from stcloud.daas.traildigest import TrailDigest, TrailHead, digest_faults, enter_digest, trail_digests
from stcloud.errors import FormatError
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.table.table import Table

HOUR_US = 3_600_000_000
START_US = 1_700_000_000_000_000 // HOUR_US * HOUR_US


def head(lines, trail="a"):
    return TrailHead(trail * 64, lines, f"{lines:064x}")


def ledger_of(folder):
    return Ledger(Table(folder / "ledger"), LayerNames(Folder(folder)))


@pytest.fixture
def enter(desk):
    """Enter what a trail holds so many microseconds after the start; return what the ledger has of it then."""
    folder = desk.folder / "city"

    def entered(lines, after_us, trail="a", **more):
        enter_digest(Folder(folder), ledger_of(folder), head(lines, trail), file="audit.ndjson",
                     now_us=START_US + after_us, **more)  # fmt: skip
        return [each.head.lines for each in trail_digests(ledger_of(folder)) if each.head.trail == trail * 64]

    return entered


def test_a_trail_has_one_digest_an_hour_and_one_when_its_service_ends(enter):
    assert enter(3, 0) == [3]
    assert enter(4, HOUR_US - 1) == [3]
    assert enter(5, HOUR_US) == [3, 5]
    assert enter(5, 3 * HOUR_US) == [3, 5]  # no line was written
    assert enter(6, 3 * HOUR_US) == [3, 5, 6]
    assert enter(7, 3 * HOUR_US + 9, ends=True) == [3, 5, 6, 7]
    assert enter(7, 3 * HOUR_US + 99, ends=True) == [3, 5, 6, 7]


def test_a_service_that_starts_again_in_its_hour_enters_nothing_until_the_next(enter):
    assert enter(3, 0, ends=True) == [3]
    assert enter(4, 1) == [3]
    assert enter(4, HOUR_US) == [3, 4]


def test_trails_do_not_meet(enter, desk):
    enter(3, 0)
    assert enter(9, 1, trail="b") == [9]
    entered = trail_digests(ledger_of(desk.folder / "city"))
    assert entered == [
        TrailDigest(head(3), "audit.ndjson", START_US // HOUR_US, START_US),
        TrailDigest(head(9, "b"), "audit.ndjson", START_US // HOUR_US, START_US + 1),
    ]


def test_a_clock_that_goes_back_costs_no_digest(enter):
    enter(9, 5 * HOUR_US, trail="b")
    assert enter(3, 0) == [3]
    assert enter(4, HOUR_US) == [3, 4]


def test_of_several_that_enter_a_digest_in_an_hour_the_first_one_does(desk):
    folder = desk.folder / "city"

    def entered(lines):
        return enter_digest(
            Folder(folder), ledger_of(folder), head(lines), file="audit.ndjson", now_us=START_US + lines
        )

    with ThreadPoolExecutor(4) as pool:
        newest = set(pool.map(entered, range(1, 9)))
    assert newest == set(trail_digests(ledger_of(folder)))
    assert len(newest) == 1


def test_loads_are_as_without_digests(desk, enter):
    load = desk.load("a,2024-03-01 08:00:00,117.01,31.91,a\n")
    enter(3, 0)
    enter(4, HOUR_US)
    ledger = ledger_of(desk.folder / "city")
    assert (
        [each.load for each in ledger.loads()]
        == [load.load]
        == [each.load for each in ledger.loads("events")]
    )
    assert [layer.name for layer in desk.city.layers()] == ["events"]
    assert desk.faults() == []
    assert [finding for finding in desk.city.check() if finding.faults] == []


@pytest.mark.parametrize("change", ["changed", "missing"])
def test_a_digest_that_was_changed_or_removed_is_named(desk, enter, change):
    for number in range(3):
        enter(number + 1, number * HOUR_US)
    table = Table(desk.folder / "city" / "ledger")
    snapshot = table.snapshot()
    rows = snapshot.read(snapshot.files)
    second = pc.equal(rows["attempt"], pa.scalar(f"{'a' * 16}:hour-{START_US // HOUR_US + 1}"))
    if change == "missing":
        rows = rows.filter(pc.invert(second))
    else:
        place = rows.schema.get_field_index("source")
        rows = rows.set_column(place, rows.schema.field(place), pc.if_else(second, "other", rows["source"]))
    table.commit(add=[table.write(rows, {})], remove=list(snapshot.files), after=snapshot.sequence)
    (fault,) = digest_faults(ledger_of(desk.folder / "city"))
    assert change in fault
    (finding,) = [each for each in desk.city.check() if each.faults]
    assert (finding.check, finding.example) == ("ledger", fault)


def test_an_entry_that_is_no_digest_is_refused(enter, desk):
    enter(3, 0)
    ledger = ledger_of(desk.folder / "city")
    (row,) = ledger.entries("_audit")
    assert '"lines": 3' in row["details"]
    table = Table(desk.folder / "city" / "ledger")
    snapshot = table.snapshot()
    rows = snapshot.read(snapshot.files)
    place = rows.schema.get_field_index("details")
    rows = rows.set_column(place, rows.schema.field(place), pa.array(["{}"]))
    table.commit(add=[table.write(rows, {})], remove=list(snapshot.files), after=snapshot.sequence)
    with pytest.raises(FormatError) as refused:
        trail_digests(ledger_of(desk.folder / "city"))
    assert refused.value.kind == "damaged-table"
