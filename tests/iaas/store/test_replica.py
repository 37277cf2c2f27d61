"""A replica holds what a reader would see, and nothing done to it reaches the city."""

import pyarrow as pa
import pytest

from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.replica import replica
from stcloud.iaas.table.table import Table
from stcloud.testing.events import on_disk

SCHEMA = pa.schema([("n", pa.int64())])


def write(table, *numbers):
    table.create(SCHEMA)
    written = table.write(pa.table({"n": list(numbers)}, SCHEMA), {})
    table.commit(add=[written], after=table.sequence(), note={"n": list(numbers)})


def numbers(table):
    snapshot = table.snapshot()
    return sorted(snapshot.read(snapshot.files)["n"].to_pylist())


def test_what_is_written_or_removed_there_stays_there(tmp_path):
    city = Folder(tmp_path / "city")
    table = Table.at(city, "layers", "a")
    write(table, 1, 2)
    write(table, 3)
    table.write(pa.table({"n": [9]}, SCHEMA), {})  # of a load that runs
    city.write_text("x", "layers", "a.toml")
    before = on_disk(city.root)
    with replica(city, "layers/a", "layers/a.toml", "layers/none") as folder:
        copy = Table.at(folder, "layers", "a")
        assert (numbers(copy), copy.notes()) == ([1, 2, 3], table.notes())
        assert not (folder.root / "layers" / "a" / "_staged").exists()
        write(copy, 4)
        snapshot = copy.snapshot()
        copy.commit(remove=snapshot.files[:1], after=copy.sequence())
        folder.write_text("y", "layers", "a.toml")
        copy.drop()
        place = folder.root
    assert on_disk(city.root) == before
    assert numbers(table) == [1, 2, 3]
    assert not place.exists()


@pytest.mark.thorough
def test_a_log_that_was_archived_is_read_there_too(tmp_path):
    city = Folder(tmp_path)
    table = Table.at(city, "ledger")
    for number in range(205):
        write(table, number)
    assert (city.root / "ledger" / "_archive").is_dir()
    with replica(city, "ledger") as folder:
        copy = Table.at(folder, "ledger")
        assert numbers(copy) == list(range(205))
        assert len(copy.notes()) == 205
