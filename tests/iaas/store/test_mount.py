"""A folder that stands for a bucket: what is copied, what is filled, what goes."""

import os

import numpy as np
import pytest

from stcloud.errors import NotFound
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.mount import mount, mount_of, origin_of, unmount, working_folder

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def bucket(tmp_path):
    return LocalStore(tmp_path / "bucket")


@pytest.fixture
def place(tmp_path, bucket):
    return mount(tmp_path / "here", bucket)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def aged(path):
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - 2 * HOUR_NS))


def test_a_path_stands_for_a_key(place, bucket):
    assert mount_of(place.root / "a" / "b") is place
    assert mount_of(place.root.with_name("here2") / "a") is None
    assert place.key(place.root / "a" / "b") == "a/b"
    assert place.key(place.root) == ""
    assert place.url(place.root / "a") == f"{bucket.url}/a"
    assert origin_of(place.root.with_name("elsewhere")) is None


def test_a_folder_stands_for_the_bucket_while_somebody_has_it(tmp_path, bucket):
    root = tmp_path / "shared"
    first, second = mount(root, bucket), mount(root, LocalStore(tmp_path / "other"))
    assert mount_of(root / "a") is second
    unmount(second)
    assert mount_of(root / "a") is first
    again = mount(root, bucket)
    assert again is first
    unmount(first)
    assert mount_of(root / "a") is again
    unmount(again)
    assert mount_of(root / "a") is None
    unmount(again)


def test_a_link_to_a_path_stands_for_its_key(place, tmp_path):
    link = tmp_path / "link.parquet"
    link.symlink_to(place.root / "a" / "b.parquet")
    assert origin_of(link).key == "a/b.parquet"


def test_a_folder_is_made_as_the_buckets_is(place, bucket):
    log = place.root / "t" / "log"
    for name in ("1", "2", "3"):
        bucket.put(f"t/log/{name}", name.encode())
    bucket.put("t/log/below/4", b"4")
    bucket.put("t/log2/5", b"5")
    place.copy_folder(log)
    assert names(log) == ["1", "2", "3"]
    for path in log.iterdir():
        aged(path)
    bucket.put("t/log/2", b"two")
    bucket.delete("t/log/1")
    bucket.put("t/log/4", b"4")
    place.copy_folder(log)
    assert {name: (log / name).read_bytes() for name in names(log)} == {"2": b"two", "3": b"3", "4": b"4"}


def test_what_lies_before_a_name_is_not_looked_at(place, bucket):
    log = place.root / "t"
    for name in ("1", "2", "3"):
        bucket.put(f"t/{name}", name.encode())
    place.copy_folder(log)
    bucket.put("t/1", b"one")
    bucket.put("t/3", b"three")
    listed = place.copy_folder(log, after="1")
    assert [entry.key for entry in listed] == ["t/2", "t/3"]
    assert [(log / name).read_bytes() for name in "123"] == [b"1", b"2", b"three"]
    place.copy_folder(log)
    assert (log / "1").read_bytes() == b"one"


def test_what_is_a_copy_is_not_read_again(place, bucket, monkeypatch):
    log = place.root / "t"
    bucket.put("t/1", b"1")
    place.copy_folder(log)
    read = []
    monkeypatch.setattr(LocalStore, "get_many", lambda self, keys: read.append(keys) or [b""] * len(keys))
    place.copy_folder(log)
    assert read in ([], [[]])


def test_a_file_that_another_process_has_just_put_stays(place, bucket):
    log = place.root / "t"
    bucket.put("t/1", b"1")
    place.copy_folder(log)
    (log / "2").write_bytes(b"2")
    entries = bucket.entries("t")
    bucket.put("t/2", b"2")
    listing = LocalStore.entries
    try:
        LocalStore.entries = lambda self, *given: entries  # it was listed before that
        place.copy_folder(log)
    finally:
        LocalStore.entries = listing
    assert names(log) == ["1", "2"]


def test_room_is_made_once_and_holds_nothing(place):
    path = place.root / "t" / "a.parquet"
    place.expect(path, 1 << 20)
    assert path.stat().st_size == 1 << 20
    assert path.stat().st_blocks * 512 < 1 << 20
    with path.open("r+b") as file:
        file.write(b"x")
    place.expect(path, 1 << 20)
    assert path.read_bytes()[:1] == b"x"
    assert names(path.parent) == ["a.parquet"]


def test_parts_of_an_object_are_read_and_kept_in_their_place(place, bucket):
    bucket.put("t/a.parquet", b"0123456789")
    path = place.root / "t" / "a.parquet"
    place.expect(path, 10)
    origin = origin_of(path)
    assert origin.fill([(2, 3), (7, 2)]) == [b"234", b"78"]
    origin.keep(2, b"234")
    assert path.read_bytes() == b"\0\x00234\0\0\0\0\0"


def test_an_object_that_is_not_there_is_no_file(place):
    with pytest.raises(NotFound):
        place.copy(place.root / "t" / "a")
    assert not (place.root / "t" / "a").exists()
    assert place.content("t/a") is None


def test_files_that_were_used_long_ago_go_first(place):
    paths = [place.root / "t" / f"{number}.parquet" for number in range(4)]
    paths[0].parent.mkdir(parents=True)
    for number, path in enumerate(paths):
        path.write_bytes(bytes(100_000))
        if number:
            aged(path)
    aged(paths[2])
    place.trim(most_bytes=250_000)
    assert names(paths[0].parent) == ["0.parquet", "1.parquet"] or len(names(paths[0].parent)) == 2
    assert not paths[2].exists()
    place.trim(most_bytes=0)
    assert names(paths[0].parent) == ["0.parquet"]  # a question may be reading it


def test_a_working_folder_is_its_owners(place):
    assert place.root.stat().st_mode & 0o777 == 0o700


def test_buckets_have_folders_of_their_own(tmp_path):
    assert working_folder("s3://a http://one", tmp_path) != working_folder("s3://a http://two", tmp_path)
    assert working_folder("s3://a", tmp_path).parent == tmp_path


def test_what_this_machine_makes_ready_is_not_in_the_bucket(place, bucket):
    folder = Folder(place.root, place)
    folder.arrays("index", "a").write("set", {"numbers": np.arange(3)})
    folder.write_text("x", ".work", "a.json")
    assert folder.read_text(".work", "a.json") == "x"
    assert bucket.list() == []


def test_what_all_must_know_of_a_grid_is_in_the_bucket(place, bucket):
    folder = Folder(place.root, place)
    folder.write_text("x", "index", "a.json")
    folder.write_text("y", "layers", "a.toml")
    assert bucket.list() == ["index/a.json", "layers/a.toml"]
    assert (folder.read_text("index", "a.json"), folder.read_text("layers", "a.toml")) == ("x", "y")
    assert folder.exists("index", "a.json")
    folder.delete("layers", "a.toml")
    assert not folder.exists("layers", "a.toml")
