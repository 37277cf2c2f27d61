"""Packages as a caller names them."""

import pytest

from stcloud.errors import NotFound
from stcloud.iaas.package.given import given_packages
from stcloud.iaas.source.archive import Scratch


def test_a_file_or_those_of_a_folder(tmp_path):
    with pytest.raises(NotFound) as caught:
        given_packages(tmp_path, Scratch())
    assert caught.value.kind == "no-package"
    for name in ("b.stpack", "a.stpack", ".c.stpack.1", "d.zip"):
        (tmp_path / name).touch()
    assert [path.name for path in given_packages(tmp_path, Scratch())] == ["a.stpack", "b.stpack"]
    assert given_packages(str(tmp_path / "d.zip"), Scratch()) == [tmp_path / "d.zip"]
