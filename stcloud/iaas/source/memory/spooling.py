"""The kinds of objects that are loaded from memory, and the spooling of an object by its kind.

Tested by `tests/iaas/source/memory/test_spooling.py`.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from stcloud.errors import InvalidInput
from stcloud.iaas.source.sourcefile import SourceFile
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["MemoryKind", "ready"]

_ROOM = "stcloud.iaas.source.memory"


@dataclass(frozen=True, slots=True)
class MemoryKind:
    """A kind of objects that are loaded from memory.

    Parameters
    ----------
    name
        What people call it.
    module
        Where its functions are; imported when the first object in memory is loaded.
    accepts
        Name of a function of an object: whether it is one of the kind.
    spool
        Name of a function of an object, a folder and a function that is called with progress: writes the object to a
        file of the folder.
    formatted
        Whether ``spool`` takes the name of a format as well, which the object may not know.
    """

    name: str
    module: str
    accepts: str
    spool: str
    formatted: bool = False

    def has(self, given: object) -> bool:
        """Return whether an object is of the kind."""
        accepts: Callable[[object], bool] = getattr(importlib.import_module(self.module), self.accepts)
        return accepts(given)

    def spooled(
        self, given: object, folder: Path, tell: Callable[[int], object], form: str | None
    ) -> SourceFile:
        """Write an object to a file of a folder."""
        write: Callable[..., SourceFile] = getattr(importlib.import_module(self.module), self.spool)
        if self.formatted:
            return write(given, folder, tell, form)
        if form is not None:
            raise InvalidInput(
                "known-format", f"the {type(given).__name__} says itself what it holds",
                hint="leave out --source-format: it is for files and file objects",
            )  # fmt: skip
        return write(given, folder, tell)


_KINDS = (
    MemoryKind("frames and Arrow streams", f"{_ROOM}.rows", "has_rows", "spool_rows"),
    MemoryKind("file objects", f"{_ROOM}.content", "is_file_object", "spool_content", formatted=True),
    MemoryKind("features and records", f"{_ROOM}.features", "has_features", "spool_features"),
    MemoryKind("batches of messages", "stcloud.iaas.feed.batch", "has_batch", "spool_batch"),
)


@contextlib.contextmanager
def ready(
    given: object,
    folder: Callable[[], AbstractContextManager[Path]],
    tell: Callable[[int], object] = lambda _: None,
    form: str | None = None,
) -> Iterator[SourceFile]:
    """Give the file of a source: a path's own, else one that is spooled and removed at the end.

    Parameters
    ----------
    given
        A path, or an object in memory.
    folder
        Opens an empty folder for the spooled file, and removes it at the end; opened only for objects in memory.
    tell
        Called with progress while an object is spooled; may cancel.
    form
        Format of a file or of the content of a file object, by its name or a suffix; None: it is known otherwise.

    Raises
    ------
    InvalidInput
        ``unknown-source``: nothing that can be loaded; ``known-format``; and as the kind of the object raises.
    """
    if isinstance(given, str | os.PathLike):
        source = SourceFile.of(given, form)
        with source.named():
            yield source
        return
    kind = next((kind for kind in _KINDS if kind.has(given)), None)
    if kind is None:
        raise InvalidInput(
            "unknown-source", f"an object of type {type(given).__name__} cannot be loaded",
            hint="give a file, a DataFrame, an Arrow table or stream, GeoJSON features or a file object",
        )  # fmt: skip
    with folder() as place:
        with storage_errors("spool the source"):
            source = kind.spooled(given, place, tell, form)
        with source.named():
            yield source
