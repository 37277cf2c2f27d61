"""Where on disk a value lies: in names of files and in every byte of them, compressed or not.

Tested by `tests/daas/purge/test_purge.py`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

__all__ = ["places_of"]


def places_of(root: Path, value: str) -> list[str]:
    """Return the files below a folder whose name or content has a text: as it is, in archives, in Parquet pages."""
    sought = value.encode()
    return [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*"))
        if sought in path.name.encode()
        or (path.is_file() and any(sought in text for text in _contents(path)))
    ]


def _contents(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        yield repr(file.read().to_pylist()).encode()
        yield repr(file.metadata.to_dict()).encode()
