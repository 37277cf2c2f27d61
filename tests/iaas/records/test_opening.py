"""A log is created once, opened often, and refused in one line where it cannot be read."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from stcloud.errors import (
    Conflict,
    FormatError,
    InvalidInput,
    MissingExtra,
    NotFound,
    StcloudError,
    StorageError,
)
from stcloud.iaas.records import Records
from stcloud.iaas.store.folder import Folder
from tests.iaas.records.conftest import action, batch

WORD = "geheim-7"


@pytest.fixture
def file(tmp_path):
    """The file of a log with one entry."""
    with Records.create(Folder.at(tmp_path), "requests") as records:
        records.append(batch(action()))
    return tmp_path / "cases" / "requests.sqlite"


def refused(place, name="requests"):
    """Return how a log is refused; it is one line without a password."""
    with pytest.raises(StcloudError) as error:
        Records.open(place, name).close()
    text = str(error.value)
    assert "\n" not in text
    assert WORD not in text
    assert error.value.__cause__ is None
    return error.value


def test_a_log_is_there_for_who_opens_it(place, records, name):
    (entry,) = records.append(batch(action()))
    with Records.open(place, name) as again:
        assert again.log("A") == [entry]
        assert again.address == records.address


def test_a_log_is_created_once(place, records, name):
    records.append(batch(action()))
    with pytest.raises(Conflict) as error:
        Records.create(place, name)
    assert error.value.kind == "records-exist"
    assert len(records.log("A")) == 1


def test_logs_of_one_place_know_nothing_of_each_other(place, records, name):
    records.append(batch(action()))
    with Records.create(place, f"{name}-b") as other:
        assert other.log("A") == []
        other.append(batch(action()))


def test_what_is_not_there_is_not_created_by_opening(place, tmp_path):
    assert refused(place, "nothing").kind == "no-records"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", ["", "A", "../x", "1", "x" * 51, "a b"])
def test_a_name_that_cannot_be_a_file_or_a_schema_is_refused(place, bad):
    with pytest.raises(InvalidInput) as error:
        Records.create(place, bad)
    assert error.value.kind == "bad-name"


def test_a_log_lies_in_the_city_of_its_folder(file):
    assert refused(str(file.parent), "other").kind == "no-records"
    with Records.open(str(file.parents[1]), "requests") as records:
        assert records.address == str(file)


def test_a_newer_format_is_refused_in_one_line(place, records, name):
    change(place, name, "UPDATE {}about SET format = 2")
    error = refused(place, name)
    assert (error.kind, "newer" in error.hint) == ("newer-records", True)
    assert isinstance(error, FormatError)


def test_tables_of_others_are_left_alone(place, name, tmp_path):
    if "://" in place:
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA "stcloud_{name}"')
            connection.execute(f'CREATE TABLE "stcloud_{name}".entry (x int)')
    else:
        (tmp_path / "cases").mkdir()
        with sqlite3.connect(tmp_path / "cases" / f"{name}.sqlite") as connection:
            connection.execute("CREATE TABLE entry (x int)")
        connection.close()
    assert refused(place, name).kind == "foreign-records"
    with pytest.raises(FormatError) as error:
        Records.create(place, name)
    assert error.value.kind == "foreign-records"


def test_a_table_that_is_missing_is_damage(place, records, name):
    change(place, name, "DROP TABLE {}gram")
    with Records.open(place, name) as again, pytest.raises(FormatError) as error:
        again.append(batch(action(), text="x"))
    assert error.value.kind == "damaged-records"
    assert records.log("A") == []


@pytest.mark.parametrize("content", [b"no database\n" * 500, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_of_something_else_is_refused(file, content):
    file.write_bytes(content)
    assert refused(str(file.parents[1])).kind == "damaged-records"
    assert file.read_bytes() == content


def test_an_empty_file_is_no_log_yet(tmp_path):
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "requests.sqlite").touch()
    assert refused(str(tmp_path)).kind == "no-records"
    with Records.create(str(tmp_path), "requests") as records:
        records.append(batch(action()))


def test_pages_that_were_overwritten_are_damage(file):
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\x55" * (len(content) - 4096))
    with pytest.raises(FormatError) as error, Records.open(str(file.parents[1]), "requests") as records:
        records.append(batch(action("B")))
    assert error.value.kind == "damaged-records"


def test_a_copy_of_the_file_is_a_log(file, tmp_path):
    (tmp_path / "other" / "cases").mkdir(parents=True)
    shutil.copy(file, tmp_path / "other" / "cases")
    with Records.open(str(tmp_path / "other"), "requests") as records:
        assert len(records.log("A")) == 1


@pytest.mark.parametrize(
    "url", ["mysql://u@h/d", "sqlite:///x.db", "postgresql://h:port/d", "postgresql://[/"]
)
def test_an_address_of_something_else_is_refused(url):
    assert refused(url).kind == "bad-address"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:{WORD}@127.0.0.1:1/city",
        f"postgresql://127.0.0.1:1/city?user=u&password={WORD}",
        f"postgres://user:{WORD}@/city?host=/nowhere",
    ],
)
def test_a_server_that_does_not_answer_is_named_without_its_password(url):
    error = refused(url)
    assert (type(error), error.kind) == (StorageError, "connection-lost")
    assert "city" in str(error)


def test_a_password_is_in_nothing_that_is_kept(postgres, name):
    url = postgres.url.replace("stcloud@", f"stcloud:{WORD}@") + f"&password={WORD}"
    with Records.create(url, name) as records:
        shown = [records.address, repr(records), str(vars(records))]
        with pytest.raises(Conflict) as error:
            Records.create(url, name)
    assert not [text for text in (*shown, str(error.value)) if WORD in text]


def test_a_database_that_is_not_there_is_not_found(postgres):
    error = refused(postgres.url.replace("/postgres?", "/nothing?"))
    assert (type(error), error.kind) == (NotFound, "no-records")


def test_without_its_driver_postgresql_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "stcloud.iaas.records.postgres", raising=False)
    error = refused("postgresql://u@127.0.0.1:1/d")
    assert (type(error), error.kind) == (MissingExtra, "missing-postgres")
    assert "stcloud[postgres]" in error.hint


def test_what_uses_no_log_does_not_import_a_database():
    code = "import sys, stcloud, stcloud.city, stcloud.iaas.records; print('sqlalchemy' in sys.modules)"
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.split() == ["False"]


def change(place, name, statement):
    """Change the tables of a log with the bare driver."""
    if "://" in place:
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(statement.format(f'"stcloud_{name}".'))
    else:
        with sqlite3.connect(Path(place) / "cases" / f"{name}.sqlite") as connection:
            connection.execute(statement.format(""))
        connection.close()
