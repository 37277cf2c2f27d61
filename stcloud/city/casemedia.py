"""Media of cases: files that belong to actions, kept beside the logs by their content.

Tested by `tests/city/test_casemedia.py`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from stcloud.errors import InvalidInput
from stcloud.iaas.store.folder import Folder, read_bytes
from stcloud.paas.case.submitted import CaseMedium

__all__ = ["GivenMedia", "kept_media"]

GivenMedia: TypeAlias = "Mapping[str, bytes | str | os.PathLike[str]]"
"""Files, or their content, by what they show: ``near``, ``far``, ``before``, ``after`` …"""

_USE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MOST_BYTES = 64 * 1024 * 1024
_FOLDER = "cases/media"


def kept_media(
    folder: Folder, media: GivenMedia, taken_us: int | None, at: tuple[float, float] | None
) -> tuple[CaseMedium, ...]:
    """Keep files in the city, each once whatever belongs to it, and return what the log says of them.

    A file is there before the action that it belongs to is recorded; of an action that is refused it stays behind.

    Parameters
    ----------
    folder
        The city's folder.
    media
        The files.
    taken_us, at
        When and where they were taken: that of the action.

    Raises
    ------
    InvalidInput
        ``unusable-media``: a use that is no name, an empty file, or one of more than 64 MiB.
    StorageError
        A file cannot be read or kept.
    """
    return tuple(_kept(folder, use, source, taken_us, at) for use, source in media.items())


def _kept(
    folder: Folder, use: str, source: bytes | str | os.PathLike[str], taken_us: int | None,
    at: tuple[float, float] | None,
) -> CaseMedium:  # fmt: skip
    if _USE.fullmatch(use) is None:
        raise InvalidInput(
            "unusable-media",
            f"'{use}' cannot say what a file shows",
            hint="write a word: near, far, before, after",
        )
    content = source if isinstance(source, bytes) else read_bytes(Path(source), most=_MOST_BYTES)
    if not 0 < len(content) <= _MOST_BYTES:
        raise InvalidInput(
            "unusable-media",
            f"the file of '{use}' has {len(content):,} bytes",
            hint="at most 64 MiB, at least one byte",
        )
    digest = hashlib.sha256(content).hexdigest()
    key = f"{_FOLDER}/{digest[:2]}/{digest}"
    folder.store.put_if_absent(key, content)
    lon, lat = at or (None, None)
    return CaseMedium(digest, use, key, taken_us, lon, lat)
