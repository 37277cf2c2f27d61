"""What killed writers of a folder left beside the files that they meant: hidden, never read, and in nobody's way.

Tested by `tests/iaas/store/test_unfinished.py`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from stcloud.iaas.clock import system_clock
from stcloud.iaas.store.model import is_temporary
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["discard_unfinished"]

_HOUR_NS = 3_600_000_000_000


def discard_unfinished(root: Path, *, older_hours: float) -> int:
    """Delete files, and folders of arrays, that were begun beside their place and never put there; return how many.

    Parameters
    ----------
    root
        A folder, with those below it. Links are not followed.
    older_hours
        Younger ones stay: their writers may be at work. Each is written in much less than an hour.
    """
    before_ns = system_clock() * 1000 - older_hours * _HOUR_NS
    count = 0
    with storage_errors(f"clean {root.name}"):
        for folder, folders, names in os.walk(root):
            for path in (Path(folder, name) for name in (*folders, *names) if is_temporary(name)):
                with contextlib.suppress(FileNotFoundError):  # its writer, or another vacuum, was faster
                    if path.lstat().st_mtime_ns <= before_ns:
                        _delete(path)
                        count += 1
    return count


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
