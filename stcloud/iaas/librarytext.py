"""What libraries say of files, made plain: no colours, one line, and what the operating system meant by it."""

from __future__ import annotations

import errno
import os
import re

__all__ = ["one_line", "os_errno"]

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
