"""What killed writers began is deleted once it is old; what is being written, and all else, stays."""

import os

from stcloud.iaas.store.unfinished import discard_unfinished

LETTERS = "0123456789abcdef" * 2


def made(path, *, old, content="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    if old:
        os.utime(path, (0, 0))
    return path


def test_what_is_old_and_unfinished_goes(tmp_path):
    gone = [
        made(tmp_path / f".names.toml.{LETTERS}", old=True),
        made(tmp_path / "a" / f".b.{LETTERS}", old=True),
    ]
    kept = [
        made(tmp_path / f".young.{LETTERS}", old=False),
        made(tmp_path / "names.toml", old=True),
        made(tmp_path / "a" / ".hidden", old=True),
        made(tmp_path / "a" / f"b.{LETTERS}", old=True),
    ]
    assert discard_unfinished(tmp_path, older_hours=1) == 2
    assert not [path for path in gone if path.exists()]
    assert [path for path in kept if path.exists()] == kept
    assert discard_unfinished(tmp_path, older_hours=1) == 0


def test_folders_of_arrays_go_whole(tmp_path):
    made(tmp_path / f".events.{LETTERS}" / "x.npy", old=True)
    os.utime(tmp_path / f".events.{LETTERS}", (0, 0))
    assert discard_unfinished(tmp_path, older_hours=1) == 1
    assert list(tmp_path.iterdir()) == []


def test_links_are_not_followed(tmp_path):
    outside, root = tmp_path / "outside", tmp_path / "root"
    kept = made(outside / f".names.toml.{LETTERS}", old=True)
    root.mkdir()
    (root / f".link.{LETTERS}").symlink_to(outside, target_is_directory=True)
    os.utime(root / f".link.{LETTERS}", (0, 0), follow_symlinks=False)
    (root / "plain").symlink_to(outside, target_is_directory=True)
    assert discard_unfinished(root, older_hours=1) == 1
    assert kept.exists()


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert discard_unfinished(tmp_path / "none", older_hours=1) == 0
