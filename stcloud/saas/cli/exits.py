"""Exit codes, and one clear line for every error."""

from __future__ import annotations

import os
import sys
import traceback

from stcloud import errors

__all__ = ["CODES", "report"]

CODES: tuple[tuple[type[Exception], int], ...] = (
    (errors.NotFound, 3),
    (errors.Conflict, 4),
    (errors.Unsupported, 5),
    (errors.MissingExtra, 5),
    (errors.InvalidInput, 2),
    (errors.StorageError, 6),
    (errors.FormatError, 7),
)
"""What a shell script may rely on: 2 fix the call or the file · 3 not found · 4 conflict, try again ·
5 missing extra or engine · 6 storage · 7 a city written by a newer version, or damaged."""

BUG = 70
CANCELLED = 130


def report(error: BaseException) -> int:
    """Print one line about an error on stderr and return the exit code.

    A fault of ours is 70; ``STCLOUD_DEBUG=1`` shows its traceback.
    """
    from stcloud.iaas.job import Cancelled  # noqa: PLC0415  (keeps --help light)

    if os.environ.get("STCLOUD_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt | Cancelled):
        _say("cancelled; nothing was written")
        return CANCELLED
    if isinstance(error, BrokenPipeError):
        sys.stdout = None
        return 0
    for kind, code in CODES:
        if isinstance(error, kind):
            _say(str(error))
            return code
    if isinstance(error, MemoryError):
        _say("out of memory; narrow the question or count instead of listing rows")
        return 6
    _say(f"a fault of stcloud itself: {type(error).__name__}: {error}; set STCLOUD_DEBUG=1 and report it")
    return BUG


def _say(text: str) -> None:
    print(f"stcloud: {' '.join(text.split())}", file=sys.stderr)  # noqa: T201
