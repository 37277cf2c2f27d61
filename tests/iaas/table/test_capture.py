"""A capture is one version of a table, whatever is committed, archived or redacted while it is made."""

import pyarrow as pa
import pytest

from stcloud.errors import FormatError
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.table.capture import captured, sidecars
from stcloud.iaas.table.erasure import erase
from stcloud.iaas.table.table import Table

SCHEMA = pa.schema([("n", pa.int64())])


def write(table, *numbers):
    table.create(SCHEMA)
    written = table.write(pa.table({"n": list(numbers)}, SCHEMA), {})
    table.commit(add=[written], after=table.sequence(), note={"n": list(numbers)})


class Meddling(LocalStore):
    """A store during whose first reads something happens."""

    def get_many(self, keys):
        while EVENTS:
            EVENTS.pop()()
        return super().get_many(keys)


EVENTS = []


@pytest.fixture
def table(tmp_path):
    EVENTS.clear()
    table = Table.at(Folder(tmp_path / "city"), "layers", "a")
    for number in range(30):
        write(table, number)
    return table


def capture(table, tmp_path, store=LocalStore):
    return captured(store(tmp_path / "city"), "layers/a", tmp_path / "scratch")


def test_it_is_the_newest_version_byte_for_byte(table, tmp_path):
    found = capture(table, tmp_path)
    assert found.snapshot.version == table.snapshot().version
    assert found.snapshot.files == table.snapshot().files
    assert {entry.key for entry in found.entries} == {
        f"layers/a/{file.path}" for file in table.snapshot().files
    }
    for name in found.texts:
        assert (found.root / name).read_bytes() == (table.root / name).read_bytes()
    entries = [name for name in found.texts if name.startswith("_delta_log/0") and name.endswith("json")]
    assert entries == sorted(entries)
    assert found.texts[-1] == "_state.json"


def test_later_commits_are_not_in_it(table, tmp_path):
    version = table.snapshot().version
    EVENTS.extend([lambda: write(table, 98), lambda: write(table, 99)])
    found = capture(table, tmp_path, Meddling)
    assert found.snapshot.version == version
    assert not EVENTS


def test_a_log_that_is_redacted_meanwhile_is_read_again(table, tmp_path):
    table.commit(remove=table.snapshot().files[:3], after=table.sequence())
    EVENTS.append(lambda: erase(table))
    found = capture(table, tmp_path, Meddling)
    assert found.snapshot.version == table.snapshot().version
    assert (found.root / "_state.json").read_bytes() == (table.root / "_state.json").read_bytes()


def test_no_table_and_a_deleted_one_are_none(table, tmp_path):
    store = LocalStore(tmp_path / "city")
    assert captured(store, "layers/none", tmp_path / "scratch") is None
    version = table.snapshot().version + 1
    (table.root / "_delta_log" / f"{version:020}.json").write_text(
        '{"commitInfo":{"operation":"STCLOUD DROP"}}\n'
    )
    assert capture(table, tmp_path) is None


def test_a_damaged_log_is_refused(table, tmp_path):
    path = table.root / "_delta_log" / f"{25:020}.json"
    path.write_text(path.read_text().replace("25", "26", 1))
    with pytest.raises(FormatError, match="log of a"):
        capture(table, tmp_path)
    path.unlink()
    with pytest.raises(FormatError, match="lacks entry 25"):
        capture(table, tmp_path)


def test_texts_beside_a_log_are_given_and_what_a_killed_writer_left_is_not(table, tmp_path):
    (table.root / "_purges.json").write_text("{}")
    (table.root / f"_state.{'0' * 32}").write_text("{}")
    (table.root / ".hidden.json").write_text("{}")
    assert sidecars(LocalStore(tmp_path / "city"), "layers/a") == {"layers/a/_purges.json": b"{}"}
