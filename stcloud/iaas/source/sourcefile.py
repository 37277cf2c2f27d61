"""A file that is loaded: one that people name, or one that rows in memory were spooled to.

Tested by `tests/iaas/source/memory/test_spooling.py`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from stcloud.errors import StcloudError
from stcloud.iaas.source.fingerprint import fingerprint, watch
from stcloud.iaas.source.paths import is_pattern
from stcloud.iaas.source.protocol import Reading, Source
from stcloud.iaas.source.registry import format_named, open_source
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["SourceFile"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file, and what is known of it besides.

    Parameters
    ----------
    path, name
        Where it lies, and what people call it.
    content
        Digest of what it holds; None: that of its bytes.
    format, encoding
        Those it has, whatever a definition says of other files; None: nothing is known.
    """

    path: Path
    name: str
    content: str | None = None
    format: str | None = None
    encoding: str | None = None

    @classmethod
    def of(cls, path: str | os.PathLike[str], form: str | None = None) -> SourceFile:
        """Return a file by its path, and by its format if that is named; `Unsupported` ``unknown-format``."""
        place = Path(path)
        return cls(place, place.name, format=None if form is None else format_named(form)[0])

    def fingerprint(self) -> str:
        """Return a digest of the content, of 32 hexadecimal digits."""
        return self.content or fingerprint(self.path)

    def watch(self) -> Callable[[], None]:
        """Return a check that raises `Conflict` ``source-changed`` when the file was written to since."""
        return watch(self.path)

    def parts(self, layer: str | None) -> list[tuple[Self, str | None]]:
        """Return the file with the layer to read of it; with a pattern each table of a zip file that is like it.

        Raises
        ------
        InvalidInput
            What `matching_members` raises.
        """
        if layer is None or not is_pattern(layer):
            return [(self, layer)]
        from stcloud.iaas.source.packed import matching_members  # noqa: PLC0415  (few loads name a pattern)

        with storage_errors(f"read {self.path}"):
            members = matching_members(self.path, layer)
        return [(replace(self, name=f"{self.name}/{member}"), member) for member in members]

    def open(self, reading: Reading) -> Source:
        """Open it by its format; raises what `open_source` raises."""
        own = replace(
            reading, format=self.format or reading.format, encoding=self.encoding or reading.encoding
        )
        return open_source(self.path, own)

    @contextlib.contextmanager
    def named(self) -> Iterator[None]:
        """Let errors call the file by its name, where that is not the end of its path."""
        try:
            yield
        except StcloudError as error:
            if self.path.name != self.name:
                error.rename(str(self.path), self.name)
            raise
