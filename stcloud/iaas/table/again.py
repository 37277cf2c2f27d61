"""Commits that are tried again when another writer was faster.

Tested by ``tests/iaas/table/test_table.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from stcloud.errors import Conflict

__all__ = ["again_when_overtaken", "anew_when_overtaken"]

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


_OVERTAKEN = frozenset({"concurrent-commit", "changed-meanwhile"})


def anew_when_overtaken(function: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """Return a function that does its work anew when a writer without its lock, on another machine, was faster.

    It must look at the newest version each time. Ten minutes at most; then the `Conflict` ``concurrent-commit``, or
    ``changed-meanwhile`` where a purge took away what was being read, is raised. Other conflicts are raised at once.
    """

    @functools.wraps(function)
    def called(*given: _Given.args, **named: _Given.kwargs) -> _Made:
        from tenacity import (  # noqa: PLC0415  (readers need it not)
            Retrying,
            retry_if_exception,
            stop_after_attempt,
            stop_after_delay,
            wait_random_exponential,
        )

        attempts = Retrying(
            retry=retry_if_exception(_is_overtaken),
            stop=stop_after_attempt(30) | stop_after_delay(600),
            wait=wait_random_exponential(multiplier=0.1, max=10),
            reraise=True,
        )
        return attempts(function, *given, **named)

    return called


def _is_overtaken(error: BaseException) -> bool:
    return isinstance(error, Conflict) and error.kind in _OVERTAKEN


def again_when_overtaken(function: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """Return a function that is called up to 30 times until no other writer has overtaken it; else its `Conflict`."""

    @functools.wraps(function)
    def called(*given: _Given.args, **named: _Given.kwargs) -> _Made:
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential  # noqa: PLC0415  (readers need it not)

        attempts = Retrying(
            retry=retry_if_exception_type(Conflict),
            stop=stop_after_attempt(30),
            wait=wait_random_exponential(multiplier=0.02, max=1),
            reraise=True,
        )
        return attempts(function, *given, **named)

    return called
