"""Packages as a caller names them: a file, a folder of them, or an address.

Tested by `tests/iaas/package/test_given.py`.
"""

from __future__ import annotations

import os
from pathlib import Path

from stcloud.errors import NotFound
from stcloud.iaas.package.fetched import fetched, is_web
from stcloud.iaas.package.packagefile import SUFFIX
from stcloud.iaas.source.archive import Scratch

__all__ = ["given_packages"]


def given_packages(source: str | os.PathLike[str], scratch: Scratch) -> list[Path]:
    """Return the files of packages: one, those of a folder by name, or what an address has.

    Parameters
    ----------
    source
        A file, a folder, or an address of the web.
    scratch
        Where fetched ones are put.

    Raises
    ------
    NotFound
        ``no-package``: a folder has none; and what `fetched` raises.
    """
    if is_web(source):
        return fetched(str(source), scratch.path)
    path = Path(source)
    if not path.is_dir():
        return [path]
    files = sorted(path.glob(f"*{SUFFIX}"))
    if not files:
        raise NotFound("no-package", f"folder {path} has no package (*{SUFFIX})")
    return files
