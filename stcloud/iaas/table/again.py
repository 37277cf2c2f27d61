"""Commits that are tried again when another writer was faster.

Tested by ``tests/iaas/table/test_table.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from stcloud.errors import Conflict

__all__ = ["again_when_overtaken"]

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


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
