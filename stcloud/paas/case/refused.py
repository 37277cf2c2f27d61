"""Refused actions: why, and what is legal instead.

Tested by `tests/paas/case/test_legality.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RefusedAction"]


@dataclass(frozen=True, slots=True)
class RefusedAction:
    """An action that the workflow does not allow; the case stays as it was.

    Attributes
    ----------
    kind
        Stable name of the reason: ``illegal-action``, ``wrong-role``, ``missing-field``, ``too-often``, ...
    reason
        What is not allowed, in a line.
    case, action, state
        Number of the case, name of the action, state of the case; None if it has none yet.
    legal
        Actions that are legal for this role in this state.
    roles
        Roles that may do this action in this state.
    """

    kind: str
    reason: str
    case: str
    action: str
    state: str | None
    legal: tuple[str, ...]
    roles: tuple[str, ...]

    def __str__(self) -> str:
        """Return the reason, the legal actions, and who else may do this one, in a line."""
        legal = f"legal are {', '.join(self.legal)}" if self.legal else "nothing is legal for this role"
        others = f"; {self.action} is for {', '.join(self.roles)}" if self.kind == "wrong-role" else ""
        return f"{self.reason}{others}; {legal}"
