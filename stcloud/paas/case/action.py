"""Actions: what a log of a case consists of.

Tested by `tests/paas/case/test_action.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["NO_FIELDS", "PRIVATE", "Action", "Scalar"]

Scalar = str | int | float | bool | None
"""What a field of an action holds."""

PRIVATE = "private:"
"""What a reference to a private text or to a person begins with: the text itself lies outside the log."""

NO_FIELDS: Mapping[str, Scalar] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of the log of a case.

    Attributes
    ----------
    case
        Number of the case.
    seq
        Place in the log of the case: 1, 2, 3, ... Of an action that is to be appended, the number that its sender
        expects.
    id
        The sender's identity of the action: the same action sent again is no second one.
    name
        What was done, as the workflow names it.
    happened_us
        When it happened, as the actor states; never later than ``recorded_us``.
    recorded_us
        When the store recorded it, in the order of its commits; 0 while it is not recorded.
    actor, role, post, department
        Who did it, and as what.
    lon, lat
        Where the actor was, degrees.
    fields
        What the action states: reason, until, class, department, ... Persons and free texts are references, which
        begin with ``private:``.

    Examples
    --------
    >>> action = Action("2024-000017", 1, "a1", "report", 1_709_258_400_000_000, 0, "c07", "collector")
    >>> action.fields.get("source") is None
    True
    """

    case: str
    seq: int
    id: str
    name: str
    happened_us: int
    recorded_us: int
    actor: str
    role: str
    post: str | None = None
    department: str | None = None
    lon: float | None = None
    lat: float | None = None
    fields: Mapping[str, Scalar] = field(default_factory=lambda: NO_FIELDS)
