"""Errors, grouped by what a handler would do about them.

::

    StcloudError                      kind, message, hint, context
    ├── InvalidInput   (ValueError)   fix the call
    │   └── InvalidDefinition         fix the file; .faults lists every fault of it
    ├── NotFound       (KeyError)     use another name; .nearest proposes some
    ├── Conflict                      another writer was faster: try again
    ├── Unsupported                   use another engine or another source
    ├── MissingExtra   (ImportError)  install an optional part
    ├── StorageError   (OSError)      disk, permission: try later or elsewhere
    ├── FormatError                   a city written by a newer version, or damaged
    └── InternalError                 a fault of ours: report it

``kind`` is the precise fact, for machines: kinds are only ever added, never renamed.
``message`` states what was given and what was found; ``hint`` is one thing to do, in the words of Python. Where a
shell has other words, ``context["in_shell"]`` is the hint in these.

    >>> error = NotFound("unknown-layer", "no layer 'request' in city 'nyc'", nearest=("requests",))
    >>> print(error)
    no layer 'request' in city 'nyc'; did you mean 'requests'?
    >>> error.kind
    'unknown-layer'

Tested by `tests/architecture/test_errors.py`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

__all__ = [
    "Conflict",
    "FormatError",
    "InternalError",
    "InvalidDefinition",
    "InvalidInput",
    "MissingExtra",
    "NotFound",
    "StcloudError",
    "StorageError",
    "Unsupported",
    "nearest",
]


def nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three known names that ``name`` may have been meant to be, best first.

    >>> nearest("stats", ["status", "agency"])
    ('status',)
    """
    folded = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.6)
    return tuple(folded[match] for match in matches)


_OPTION = re.compile(r"(?<![\w'\"-])--([a-z][a-z-]*)")
_COMMAND = re.compile(r"\bstcloud [a-z]+ ")
_PYTHON = {"time-format": "time_formats", "source-crs": "crs"}


def _in_python(text: str) -> str:
    """Return a text with Python's names of options; a whole command stays as it is typed."""
    if "--" not in text or _COMMAND.search(text):
        return text
    return _OPTION.sub(lambda option: _PYTHON.get(option[1], option[1].replace("-", "_")), text)


class StcloudError(Exception):
    """Base class of all errors that stcloud raises.

    ``kind`` is a stable name of the error, ``context`` has further values by name.
    """

    def __init__(self, kind: str, message: str, *, hint: str = "", **context: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.context = context
        self._written = (message, hint)

    @property
    def message(self) -> str:
        """Message with the names of options as in Python."""
        return _in_python(self._written[0])

    @property
    def hint(self) -> str:
        """Advice how to fix it, with the names of options as in Python; may be empty."""
        return _in_python(self._written[1])

    @property
    def in_shell(self) -> str:
        """Message and hint with the names of options as on the command line."""
        message, hint = self._written
        return "; ".join(part for part in (message, self.context.get("in_shell", hint)) if part)

    def prefix(self, subject: str) -> None:
        """Put a subject, such as a file's name, before the message."""
        self._written = (f"{subject}: {self._written[0]}", self._written[1])

    def append(self, text: str) -> None:
        """Append a text to the message."""
        self._written = (f"{self._written[0]}; {text}", self._written[1])

    def rename(self, name: str, known_as: str) -> None:
        """Put a name that the caller knows where the message has another, such as the path of a temporary file."""
        self._written = (self._written[0].replace(name, known_as), self._written[1])

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(cls: type[StcloudError], state: dict[str, Any]) -> StcloudError:
    error = cls.__new__(cls)
    Exception.__init__(error, state["_written"][0])
    error.__dict__.update(state)
    return error


class InvalidInput(StcloudError, ValueError):
    """The call or a value in it is wrong: fix the call."""


class InvalidDefinition(InvalidInput):
    """A definition file is wrong; ``faults`` lists all that is wrong with it."""

    def __init__(self, kind: str, message: str, *, faults: Iterable[str] = (), **rest: Any) -> None:
        self_faults = tuple(faults)
        text = "; ".join((message, *self_faults)) if self_faults else message
        super().__init__(kind, text, **rest)
        self.faults = self_faults


class NotFound(StcloudError, KeyError):
    """There is no such thing; ``nearest`` proposes names that exist."""

    def __init__(
        self, kind: str, message: str, *, nearest: Iterable[str] = (), hint: str = "", **context: Any
    ) -> None:
        proposals = tuple(nearest)
        if proposals and not hint:
            hint = "did you mean " + " or ".join(f"'{name}'" for name in proposals) + "?"
        super().__init__(kind, message, hint=hint, **context)
        self.nearest = proposals


class Conflict(StcloudError):
    """Another writer was faster; nothing of ours was written: try again."""


class Unsupported(StcloudError):
    """The engine, source or grid at hand cannot do this."""


class MissingExtra(StcloudError, ImportError):
    """An optional part of stcloud is not installed."""


class StorageError(StcloudError, OSError):
    """The disk refused: full, read-only, vanished."""


class FormatError(StcloudError):
    """What lies on disk was written by a newer version, or is damaged."""


class InternalError(StcloudError):
    """A fault of stcloud itself."""
