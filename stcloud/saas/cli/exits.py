"""Exit codes, and one clear line for every error. Tested by `tests/architecture/test_errors.py`."""

from __future__ import annotations

import os
import traceback
from typing import Any

import typer

from stcloud import errors
from stcloud.saas.cli.signals import ended_by, interruption, say
from stcloud.saas.plaintext import visible

__all__ = ["ALERT", "BUG", "CANCELLED", "CODES", "outcome", "report"]

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

ALERT = 8
"""Everything was loaded, and more rows were rejected than ``--alert-rejected`` says."""
BUG = 70
_USAGE: Any = typer.BadParameter.__mro__[2]  # the base of the usage errors of the click that typer carries
CANCELLED = 130


def report(error: BaseException) -> int:
    """Print one line about an error on stderr and return the exit code.

    A fault of ours is 70; ``STCLOUD_DEBUG=1`` shows its traceback.
    """
    if os.environ.get("STCLOUD_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):  # nobody reads on; what is left to flush goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    code, text = outcome(error)
    say(visible(" ".join(text.split())))
    return code


def outcome(error: BaseException) -> tuple[int, str]:
    """Return the exit code of an error and its text."""
    from stcloud.iaas.job import Cancelled  # noqa: PLC0415  (keeps --help light)

    if isinstance(error, KeyboardInterrupt | typer.Abort) or ended_by() is not None:
        return interruption()
    if isinstance(error, Cancelled):
        return CANCELLED, str(error)
    if isinstance(error, _USAGE):
        text = error.format_message()
        return 6 if text.rstrip(".").endswith(("is not readable", "is not writable")) else 2, _usage(error)
    if isinstance(error, MemoryError):
        return 6, "out of memory; narrow the question or count instead of listing rows"
    if isinstance(error, OSError) and not isinstance(error, errors.StcloudError):
        return 6, _system(error)
    code = next((code for kind, code in CODES if isinstance(error, kind)), BUG)
    bug = f"a fault of stcloud itself: {type(error).__name__}: {error}; set STCLOUD_DEBUG=1 and report it"
    return code, bug if code == BUG else _in_options(error)


def _in_options(error: BaseException) -> str:
    """Return the text of an error, in the words of the command line."""
    return error.in_shell if isinstance(error, errors.StcloudError) else str(error)


def _system(error: OSError) -> str:
    """Return the message of the operating system and the file it is of, where nothing else is known of the call."""
    from stcloud.iaas.store.oserror import one_line, os_errno  # noqa: PLC0415  (keeps --help light)

    number = os_errno(error)
    text = os.strerror(number) if number else one_line(error)
    return f"{error.filename}: {text}" if error.filename else text


def _usage(error: Any) -> str:
    """Return what is wrong with a call, and where its help is."""
    path = error.ctx.command_path if getattr(error, "ctx", None) else "stcloud"
    text = error.format_message()
    return f"{'no command' if text.startswith('Usage:') else text.rstrip('.')} (see {path} --help)"
