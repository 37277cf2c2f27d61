"""A source is known by its content, and a write to it while it is read is seen."""

import hashlib
import os

import pytest

from stcloud.errors import Conflict, StorageError
from stcloud.iaas.source.fingerprint import fingerprint, watch


def test_the_content_alone_makes_the_fingerprint(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.txt"
    first.write_bytes(b"id\n1\n")
    second.write_bytes(b"id\n1\n")
    assert (
        fingerprint(first) == fingerprint(second) == hashlib.blake2b(b"id\n1\n", digest_size=16).hexdigest()
    )
    second.write_bytes(b"id\n2\n")
    assert fingerprint(first) != fingerprint(second)
    with pytest.raises(StorageError):
        fingerprint(tmp_path / "none.csv")


def test_a_write_meanwhile_is_a_conflict(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id\n1\n")
    check = watch(path)
    check()
    with path.open("ab") as file:
        file.write(b"2\n")
    with pytest.raises(Conflict) as refused:
        check()
    assert refused.value.kind == "source-changed"
    check = watch(path)
    os.utime(path, ns=(0, 0))
    with pytest.raises(Conflict):
        check()
    path.unlink()
    with pytest.raises(StorageError):
        check()
