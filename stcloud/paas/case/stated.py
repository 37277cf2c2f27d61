"""Stated fields: what people write for the fields of an action, as the workflow's types.

Tested by `tests/paas/case/test_stated.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stcloud.errors import InvalidInput
from stcloud.paas.case.action import Scalar
from stcloud.paas.case.workflow import Workflow
from stcloud.time import Zone, instant_us

__all__ = ["stated_fields"]

_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}


def stated_fields(workflows: Iterable[Workflow], stated: Mapping[str, Any], zone: Zone) -> dict[str, Scalar]:
    """Return fields as the types that the newest workflow with such a field gives them.

    Parameters
    ----------
    workflows
        Workflows of the log, in the order in which they became known.
    stated
        Values: texts of numbers, of ``true`` and ``false``, and instants as `stcloud.time.Instant` are read; lists of
        cases are joined; other values stay.
    zone
        The zone that instants without one are in.

    Raises
    ------
    InvalidInput
        ``bad-value``: a text is not of the field's type; ``unreadable-time``.
    """
    types: dict[str, str] = {}
    for workflow in workflows:
        types |= {name: clause.type for name, clause in workflow.definition.fields.items()}
    return {name: _read(name, value, types.get(name), zone) for name, value in stated.items()}


def _read(name: str, value: Any, kind: str | None, zone: Zone) -> Scalar:
    if kind == "instant" and value is not None:
        return instant_us(value, zone)
    if isinstance(value, list | tuple) and all(isinstance(each, str | int) for each in value):
        return ";".join(map(str, value))
    if not isinstance(value, str) or kind not in _READERS:
        return value  # type: ignore[no-any-return]
    try:
        return _READERS[kind](value)
    except (ValueError, KeyError):
        raise InvalidInput("bad-value", f"{name} cannot be '{value}'", hint=f"give {_WORDS[kind]}") from None


_READERS: dict[str, Callable[[str], Scalar]] = {
    "integer": int, "number": float, "boolean": lambda text: _BOOLEANS[text.lower()],
}  # fmt: skip
_WORDS = {"integer": "an integer", "number": "a number", "boolean": "true or false"}
