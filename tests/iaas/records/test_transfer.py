"""A log carried over says the same at every pin, whichever of the two databases it comes from and goes to."""

import sqlite3

import pytest
from sqlalchemy.engine import make_url

from stcloud.errors import Conflict, FormatError
from stcloud.iaas.records import Find, Medium, Notice, Records
from tests.iaas.records.conftest import READER, action, batch, note


@pytest.fixture(params=["sqlite", "postgres"])
def elsewhere(request, tmp_path, place):
    """Another place for a log, on each database; in PostgreSQL a database of its own."""
    if request.param == "sqlite":
        return str(tmp_path / "elsewhere")
    server = request.getfixturevalue("postgres")
    return server.url if "://" not in place else other_database(server.url)


def other_database(url):
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'elsewhere'").fetchone():
            connection.execute("CREATE DATABASE elsewhere")
    return make_url(url).set(database="elsewhere").render_as_string(hide_password=False)


def filled(records, first=0, count=30):
    """Append to a log, and return instants at which it was pinned."""
    pins = []
    for number in range(first, first + count):
        case, seq = f"案{number % 7}", number // 7 + 1
        entry = action(case, seq, lon=117.25 + number / 3, fields={"文": "井盖坏了 'x' \\ \t"})
        medium = Medium(digest="d" * 64, case=case, seq=seq, use="near", key="cases/media/dd/d", lat=1 / 3)
        notice = Notice(id=f"n{number}", case=case, seq=seq, target="roads", body="{}")
        records.append(batch(entry, private=[note(case, seq)], media=[medium], notices=[notice], text="井盖"))
        if number % 10 == 4:
            pins.append(records.pin())
    return pins


def told(records, pins):
    """Return all that a log says."""
    logs = [[row for page in records.logs(pin) for row in page.to_pylist()] for pin in (*pins, 2**62)]
    media = [records.media(f"案{number}") for number in range(7)]
    found = [records.find(Find(text=text), limit=1000) for text in (None, "井盖")]
    return logs, media, found, records.rules.known(), records.readings(), records.outbox.waiting()


def test_a_log_says_the_same_at_every_pin_after_it_was_carried_over(records, name, elsewhere):
    pins = filled(records)
    records.rules.add("calendar", '{"a": 1}', valid_from_us=-1)
    records.private(READER, case="案2")
    records.erase(READER, case="案3")
    address = records.carry_over(elsewhere)
    assert "***" not in address
    with Records.open(elsewhere, name) as copy:
        assert copy.address == address
        assert told(copy, pins) == told(records, pins)
        texts = [value.value for value in copy.private(READER, case="案1")]
        assert texts == [value.value for value in records.private(READER, case="案1")]
        later = copy.append(batch(action("案0", 6)))[0]
        assert later.recorded_us > max(pins)


def test_an_earlier_state_of_the_same_log_is_replaced_and_another_log_is_not(records, name, elsewhere):
    records.carry_over(elsewhere)  # an empty one
    pins = filled(records, count=10)
    records.carry_over(elsewhere)
    pins += filled(records, first=10, count=10)
    records.carry_over(elsewhere)
    with Records.open(elsewhere, name) as copy:
        assert told(copy, pins) == told(records, pins)
        copy.append(batch(action("Z")))
        kept = told(copy, pins)
        with pytest.raises(Conflict, match="another log") as refused:
            records.carry_over(elsewhere)
        assert refused.value.kind == "records-exist"
        assert told(copy, pins) == kept


def test_a_file_is_backed_up_while_it_is_written_to(tmp_path):
    with Records.create(str(tmp_path), "desk") as records:
        pins = filled(records)
        (tmp_path / "other" / "cases").mkdir(parents=True)
        records.back_up(tmp_path / "other" / "cases" / "desk.sqlite")
        before = told(records, pins)
        filled(records, first=30, count=3)
    assert [path.name for path in (tmp_path / "other" / "cases").iterdir()] == ["desk.sqlite"]
    with Records.open(str(tmp_path / "other"), "desk") as copy:
        assert told(copy, pins) == before


def test_a_damaged_file_is_not_backed_up(tmp_path):
    with Records.create(str(tmp_path), "desk") as records:
        filled(records)
    path = tmp_path / "cases" / "desk.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'entry_recorded'"
        ).fetchone()[0]
    connection.close()
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 + 2000 : page * 4096] = bytes(2096)
    path.write_bytes(content)
    with Records.open(str(tmp_path), "desk") as records, pytest.raises(FormatError) as refused:
        records.back_up(tmp_path / "copy.sqlite")
    assert refused.value.kind == "damaged-records"
