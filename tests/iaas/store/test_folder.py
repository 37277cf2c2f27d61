"""A city's folder: names stay inside, files are whole, locks die with their holder."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound, StorageError
from stcloud.iaas.store import folder as room
from stcloud.iaas.store.folder import Folder, check_name, check_place, is_name, read_text
from stcloud.iaas.store.oserror import storage_errors
from stcloud.testing.examples import examples


@given(st.text(max_size=70) | st.from_regex(r"[a-z][a-z0-9_-]*", fullmatch=True))
@settings(deadline=None, max_examples=examples(200))
def test_a_name_is_one_plain_part_of_a_path(name):
    """Law: what passes as a name is a single part of a path, and the same on every file system."""
    if not is_name(name):
        with pytest.raises(InvalidInput) as told:
            check_name(name)
        assert told.value.kind == "bad-name"
        return
    assert check_name(name) == name
    assert os.path.basename(name) == name  # noqa: PTH119
    assert name == name.casefold()
    assert name.isascii()
    assert 0 < len(name) < 64
    assert name not in (".", "..")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/x", "x/", "a b", "é", "A", "x\n", "x\0", "9x", "x" * 64, "con:"]
)
def test_names_that_might_escape(name):
    assert not is_name(name)


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    folder = Folder(tmp_path)
    folder.write_text("first", "layers", "a.toml")

    def full(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(tmp_path), "replace", full)
    with pytest.raises(StorageError) as told:
        folder.write_text("second", "layers", "a.toml")
    assert told.value.kind == "disk-full"
    assert folder.read_text("layers", "a.toml") == "first"
    assert [path.name for path in (tmp_path / "layers").iterdir()] == ["a.toml"]


def test_readers_see_the_old_text_or_the_new(tmp_path):
    folder, seen, stop = Folder(tmp_path), set(), threading.Event()
    texts = ["a" * 50_000, "b" * 50_000]
    folder.write_text(texts[0], "x")

    def read():
        while not stop.is_set():
            seen.add(folder.read_text("x"))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(100):
        folder.write_text(texts[number % 2], "x")
    stop.set()
    reader.join()
    assert seen <= set(texts)


def test_text_that_is_none(tmp_path):
    (tmp_path / "x").write_bytes(b"\xff")
    with pytest.raises(InvalidInput) as told:
        read_text(tmp_path / "x")
    assert told.value.kind == "wrong-encoding"
    with pytest.raises(FormatError):
        Folder(tmp_path).read_text("x")
    with pytest.raises(NotFound):
        Folder(tmp_path).read_text("none")


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    folder, inside, most = Folder(tmp_path), [0], [0]

    def work():
        with folder.lock("a", wait_s=10):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == [1]


def test_waiting_for_a_lock_ends(tmp_path):
    folder = Folder(tmp_path)
    with folder.lock("a", wait_s=0):
        with folder.lock("b", wait_s=0):
            pass
        with pytest.raises(Conflict) as told, folder.lock("a", wait_s=0.06):
            pass
        assert told.value.kind == "locked"
    with folder.lock("a", wait_s=0):
        pass


def test_a_lock_ends_with_an_error(tmp_path):
    folder = Folder(tmp_path)
    with pytest.raises(ZeroDivisionError), folder.lock("a", wait_s=0):
        raise ZeroDivisionError
    with folder.lock("a", wait_s=0):
        pass


def test_a_lock_dies_with_its_process(tmp_path):
    folder = Folder(tmp_path)
    script = "from pathlib import Path; from stcloud.iaas.store.folder import Folder\n"
    script += f"with Folder(Path({str(tmp_path)!r}))"
    script += ".lock('a', wait_s=0): print('held', flush=True); input()"
    where = {**os.environ, "PYTHONPATH": str(Path(stcloud.__file__).parents[1])}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", script], env=where, **pipes) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Conflict), folder.lock("a", wait_s=0):
            pass
        holder.kill()
        holder.wait()
        with folder.lock("a", wait_s=0):
            pass


def test_staging_is_empty_at_first_and_gone_at_last(tmp_path):
    folder = Folder(tmp_path)
    left = tmp_path / ".work" / "a.staging" / "deep"
    left.mkdir(parents=True)
    (left / "left.arrow").write_text("by a killed load")
    with folder.staging("a") as place:
        assert list(place.iterdir()) == []
        (place / "x").write_text("x")
    assert not place.exists()
    with pytest.raises(FileNotFoundError), folder.staging("a") as place:
        (place / "none" / "x").write_text("x")
    assert not place.exists()


@pytest.mark.parametrize(
    ("number", "kind"), [(28, "disk-full"), (30, "read-only"), (13, "no-permission"), (5, "storage")]
)
def test_what_the_system_says_has_a_kind(number, kind):
    with pytest.raises(StorageError) as told, storage_errors("do it"):
        raise OSError(number, "said")
    assert (told.value.kind, str(told.value)) == (kind, f"could not do it: {os.strerror(number)}")
    with pytest.raises(StorageError) as again, storage_errors("do more"):
        raise told.value
    assert again.value is told.value


@pytest.mark.parametrize("name", ["a[b", "a]b", "50%", "a^b", "a|b", "a\\b", "a\nb"])
def test_places_that_the_store_would_mistake(tmp_path, name):
    with pytest.raises(InvalidInput) as told:
        check_place(tmp_path / name / "city")
    assert told.value.kind == "bad-name"
    assert room.check_place(tmp_path / "a b'ü*?") is None
