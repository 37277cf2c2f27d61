"""Errors of the operating system, and of libraries that met one, as one `StorageError` in one plain line."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator

from stcloud.errors import StorageError

__all__ = ["one_line", "os_errno", "storage_error", "storage_errors"]

_KINDS = {
    errno.ENOSPC: "disk-full", errno.EDQUOT: "disk-full", errno.EROFS: "read-only",
    errno.EACCES: "no-permission", errno.EPERM: "no-permission",
}  # fmt: skip
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NUMBER = re.compile(r"\(os error (\d+)\)")
_WORDS = {
    "Permission denied": errno.EACCES,
    "Read-only file system": errno.EROFS,
    "No space left on device": errno.ENOSPC,
    "Operation not permitted": errno.EPERM,
    "File too large": errno.EFBIG,
    "Disk quota exceeded": errno.EDQUOT,
}


def one_line(error: BaseException) -> str:
    r"""Return the text of an error as one line without colours.

    >>> one_line(OSError("Generic error\n  \x1b[31m↳\x1b[0m Unable to walk dir"))
    'Generic error: Unable to walk dir'
    """
    text = _COLOURS.sub("", str(error)).replace("↳", ":")
    return re.sub(r"\s*:(\s*:)*\s+", ": ", " ".join(text.split())) or type(error).__name__


def os_errno(error: BaseException) -> int | None:
    """Return the operating system's number of an error, also where a library only wrote it; None: it has none.

    >>> os_errno(OSError("Unable to open file: Permission denied (os error 13)"))
    13
    """
    if isinstance(error, OSError) and error.errno:
        return error.errno
    text = str(error)
    number = _NUMBER.search(text)
    if number is not None:
        return int(number[1])
    return next((code for words, code in _WORDS.items() if words in text or os.strerror(code) in text), None)


@contextlib.contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Turn an error of the operating system into one `StorageError` that names what was being done."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise storage_error(doing, error) from error


def storage_error(doing: str, error: BaseException) -> StorageError:
    """Return what an error of the operating system, or of a library that met one, is here: one plain line."""
    number = os_errno(error) or 0
    text = os.strerror(number) if number else one_line(error)
    return StorageError(_KINDS.get(number, "storage"), f"could not {doing}: {text}")
