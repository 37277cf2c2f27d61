"""Arrays kept in a folder come back as they were, whole sets or none, and a changed byte is damage."""

import threading
from pathlib import Path

import numpy as np
import pytest

from stcloud.errors import FormatError
from stcloud.iaas.store.arrays import ArrayFolder
from stcloud.iaas.store.folder import Folder

SET = {
    "codes": np.arange(5, dtype=np.int64),
    "x": np.array([[1.5, np.nan]]),
    "words": np.array(["a", "道路"]),
}


@pytest.fixture
def arrays(tmp_path):
    return Folder(tmp_path).arrays("index", "grid")


def same(kept):
    return kept.keys() == SET.keys() and all(
        np.array_equal(kept[name], SET[name], equal_nan=name == "x") for name in SET
    )


def test_a_set_comes_back_and_replaces_the_others(arrays):
    assert arrays.read("1") is None
    assert arrays.names() == []
    arrays.write("1", SET)
    assert same(arrays.read("1"))
    arrays.write("2", SET)
    assert arrays.names() == ["2"]
    assert arrays.read("1") is None
    assert same(arrays.read("2"))
    arrays.write("2", {"codes": np.zeros(1)})
    assert arrays.read("2").keys() == {"codes"}


def test_what_is_mapped_stays_when_the_set_goes(arrays):
    arrays.write("1", SET)
    kept = arrays.read("1")
    arrays.write("2", {})
    arrays.clear()
    assert same(kept)
    assert arrays.names() == []
    arrays.clear()


def test_a_changed_byte_a_missing_file_and_a_changed_digest_are_damage(arrays):
    arrays.write("1", SET)
    file = arrays.root / "1" / "codes.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"\x07")
    with pytest.raises(FormatError, match=r"codes\.npy has changed") as damage:
        arrays.read("1")
    assert damage.value.kind == "damaged-index"
    file.unlink()
    with pytest.raises(FormatError, match="missing"):
        arrays.read("1")
    file.write_bytes(whole)
    assert same(arrays.read("1"))
    (arrays.root / "1" / "digests.json").write_text("[]")
    with pytest.raises(FormatError, match="holds no digests"):
        arrays.read("1")


def test_a_set_without_digests_is_of_an_older_version(arrays):
    arrays.write("1", SET)
    (arrays.root / "1" / "digests.json").unlink()
    assert same(arrays.read("1"))


def test_a_set_of_an_older_version_that_is_replaced_while_it_is_read_is_not_read_in_part(arrays, monkeypatch):
    arrays.write("1", SET)
    (arrays.root / "1" / "digests.json").unlink()
    listed = Path.glob

    def replaced(folder, pattern):
        monkeypatch.undo()
        arrays.write("1", {"other": np.zeros(1)})
        return listed(folder, pattern)

    monkeypatch.setattr(Path, "glob", replaced)
    with pytest.raises(FormatError, match="missing"):
        arrays.read("1")
    assert arrays.read("1").keys() == {"other"}


def test_a_killed_writer_leaves_no_set(arrays, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        arrays.write("1", SET)
    assert (arrays.names(), list(arrays.root.iterdir())) == ([], [])


def test_readers_beside_a_writer_see_whole_sets(tmp_path):
    arrays = ArrayFolder(tmp_path / "index")
    arrays.write("1", SET)
    done = threading.Event()

    def write():
        for _ in range(30):
            arrays.write("1", SET)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while not done.is_set():
        try:
            kept = arrays.read("1")
        except (OSError, FormatError):
            continue  # just replaced: whoever reads makes it anew
        seen += kept is not None and same(kept)
        assert kept is None or same(kept)
    writer.join()
    assert same(arrays.read("1"))
