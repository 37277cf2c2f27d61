"""Array files beside a table: immutable, named by their content, written before a commit names them.

Tested by `tests/iaas/raster/test_arrayfiles.py`.
"""

from __future__ import annotations

import contextlib
import io
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stcloud.errors import NotFound
from stcloud.iaas.clock import system_clock
from stcloud.iaas.raster.drivers import THREADS, gdal, raster_errors
from stcloud.iaas.raster.image import Block, Image, ImageFacts, content_digest, windows
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.model import Store
from stcloud.iaas.store.mount import mount_of
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.table import Table

__all__ = ["ArrayFiles", "StoredImage"]

FOLDER = "_scenes"  # readers of Delta tables pass over folders that begin with an underscore
_SUFFIX = ".tif"
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class ArrayFiles:
    """The array files of one table.

    Parameters
    ----------
    store
        The table's: keys begin at the table.
    """

    store: Store

    @classmethod
    def beside(cls, table: Table) -> ArrayFiles:
        """Return the array files of a table."""
        place = mount_of(table.root)
        return cls(LocalStore(table.root) if place is None else place.below(table.root))

    @staticmethod
    def key(digest: str) -> str:
        """Return the key of the file with some content."""
        return f"{FOLDER}/{digest}{_SUFFIX}"

    def write(self, image: Image, digest: str, staging: Path) -> None:
        """Write an image, whole or not at all, unless it is there.

        Parameters
        ----------
        image, digest
            The image, and its `content_digest`.
        staging
            A folder for what is being written.
        """
        from stcloud.iaas.raster.cog import write_cog  # noqa: PLC0415

        key = self.key(digest)
        if self.store.exists(key):
            return
        made, scratch = (staging / f"{uuid.uuid4().hex}{_SUFFIX}" for _ in range(2))
        with storage_errors(f"write {key}"):
            write_cog(image, made, scratch)
            self._take(made, key)

    def _take(self, made: Path, key: str) -> None:
        if not isinstance(self.store, LocalStore):
            self.store.put_file(key, made)
            made.unlink()
            return
        target = self.store.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        made.replace(target)

    @contextlib.contextmanager
    def open(self, key: str, **more: Any) -> Iterator[Any]:
        """Open an array file for reading windows of it; its bytes are read through the store.

        ``more`` goes to rasterio: ``overview_level``.

        Raises
        ------
        NotFound
            ``no-object``
        InvalidInput
            ``unreadable-source``
        """
        if isinstance(self.store, LocalStore):
            path = self.store.root / key
            if not path.is_file():
                raise NotFound("no-object", f"{self.store.url} has no {key}")
            with gdal() as rasterio:
                with raster_errors(key):
                    source = rasterio.open(path, driver="GTiff", NUM_THREADS=THREADS, **more)
                with source:
                    yield source
            return
        self.store.size(key)  # NotFound where there is none
        with gdal() as rasterio:
            with raster_errors(key):
                source = rasterio.open(key, driver="GTiff", opener=self._opener, **more)
            with source:
                yield source

    def _opener(self, key: str, mode: str = "rb") -> io.BufferedReader:  # noqa: ARG002  (GDAL states it)
        if not self.store.exists(key):
            raise FileNotFoundError(key)
        return io.BufferedReader(_StoredBytes(self.store, key), buffer_size=1 << 16)

    def unneeded(self, named: Collection[str], *, older_hours: float) -> list[str]:
        """Return the keys that are not among ``named``, of files that were written so long ago."""
        before_ms = system_clock() // 1000 - older_hours * _HOUR_MS
        there = self.store.entries(FOLDER)
        return [entry.key for entry in there if entry.key not in named and entry.modified_ms <= before_ms]

    def fault(self, key: str, digest: str, facts: ImageFacts) -> str | None:
        """Return what is wrong with a file that should hold some content; None: nothing."""
        try:
            held = content_digest(StoredImage(self, key, facts))
        except NotFound:
            return f"{key} is missing"
        except Exception as error:  # noqa: BLE001  (whatever a damaged file meets is its fault)
            return f"{key} cannot be read: {' '.join(str(error).split())[:200]}"
        return None if held == digest else f"{key} holds other values than when it was written"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image in an array file."""

    files: ArrayFiles
    key: str
    facts: ImageFacts

    def blocks(self) -> Iterator[Block]:
        """Read it once, block by block."""
        with self.files.open(self.key) as source:
            for row, column, rows, columns in windows(self.facts.grid.shape):
                with raster_errors(self.key):
                    yield row, column, source.read(window=((row, row + rows), (column, column + columns)))


class _StoredBytes(io.RawIOBase):
    """The bytes of a key as a file that GDAL reads: a range at a time."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key, self._at, self._size = store, key, 0, store.size(key)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._store.get_range(self._key, self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
