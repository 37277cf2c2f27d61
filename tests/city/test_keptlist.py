"""Lists of which every version stays: in order whatever the clock says, and whole or refused."""

import pytest

from stcloud.city.keptlist import KeptList
from stcloud.errors import FormatError, StorageError
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.model import Children


@pytest.fixture
def folder(tmp_path):
    return Folder.at(tmp_path)


def kept(folder, *instants_us):
    ticks = iter(instants_us)
    return KeptList(folder, "notes", ".csv", lambda: next(ticks))


def bodies(versions):
    return [each.text.splitlines()[-1] for each in versions]


def test_versions_are_known_since_they_were_recorded(folder):
    notes = kept(folder, 1_000, 2_000)
    assert notes.versions() == ()
    assert notes.known_at(None) is None
    assert notes.append("a")
    assert notes.append("b")
    assert [notes.known_at(at_us) and bodies([notes.known_at(at_us)]) for at_us in (999, 1_000, 1_999, 2_000)] == [
        None, ["a"], ["a"], ["b"],
    ]  # fmt: skip
    assert bodies([notes.known_at(None)]) == ["b"]


def test_versions_are_in_order_though_the_clock_goes_back(folder):
    notes = kept(folder, 5_000_000, 7)
    assert [notes.append(text) for text in "ab"] == [True, True]
    assert [each.recorded_us for each in notes.versions()] == [5_000_000, 5_000_001]


def test_a_version_of_somebody_else_is_seen_and_none_is_read_twice(folder, monkeypatch):
    notes, other = kept(folder, 1, 3), kept(folder, 2)
    notes.append("a")
    first = notes.versions()
    other.append("b")
    assert bodies(notes.versions()) == ["a", "b"]
    assert notes.versions()[0] is first[0]
    monkeypatch.setattr(Folder, "read_text", None)
    assert notes.versions() is notes.versions()


def test_of_two_writers_at_one_moment_the_second_is_refused(folder, monkeypatch):
    notes = kept(folder, 1, 2)
    notes.append("a")
    with monkeypatch.context() as patched:  # what another process had seen a moment before
        patched.setattr(Folder, "exists", lambda *_: False)
        patched.setattr(Folder, "children", lambda *_: Children((), ()))
        assert not kept(folder, 9).append("b")
    assert bodies(kept(folder).versions()) == ["a"]


def test_what_was_changed_or_is_gone_is_damage(folder, tmp_path):
    notes = kept(folder, 1, 2)
    notes.append("a")
    notes.append("b")
    path = tmp_path / "notes" / "0001.csv"
    text = path.read_text()
    path.write_text(text.replace("\na", "\nc"))
    with pytest.raises(FormatError, match=r"notes/0001.csv has changed"):
        kept(folder).versions()
    path.write_text(text)
    assert bodies(kept(folder).versions()) == ["a", "b"]
    path.unlink()
    with pytest.raises(FormatError, match=r"notes/0001.csv is gone"):
        kept(folder).versions()


def test_nothing_is_written_where_put_if_absent_is_not_kept(folder, tmp_path, monkeypatch):
    notes = kept(folder, 1_000, 2_000)
    notes.append("a")

    def replaces(store, key, data):
        store.put(key, data)
        return True

    monkeypatch.setattr(LocalStore, "put_if_absent", replaces)
    with pytest.raises(StorageError, match="does not keep its promise") as refused:
        notes.append("b")
    assert refused.value.kind == "read-only"
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["0001.csv"]
