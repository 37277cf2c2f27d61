"""Principals: who asks. Tested by `tests/saas/rights/test_policy.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ANONYMOUS", "Principal"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Parameters
    ----------
    name
        Of a person or a program; empty: it is not known who.
    roles
        Names of its roles.
    kind
        How it is known: by a token of ours, by an identity provider, or not.
    """

    name: str
    roles: frozenset[str] = frozenset()
    kind: Literal["token", "oidc", "anonymous"] = "token"

    @property
    def is_anonymous(self) -> bool:
        """Whether it is not known who asks."""
        return self.kind == "anonymous"

    def fits(self, who: str) -> bool:
        """Tell whether an entry of a rule means it: a name, ``role:NAME``, ``anonymous`` or ``signed-in``.

        >>> Principal("zhao", frozenset({"desk"})).fits("role:desk"), ANONYMOUS.fits("signed-in")
        (True, False)
        """
        if who == "anonymous":
            return self.is_anonymous
        if self.is_anonymous:
            return False
        if who.startswith("role:"):
            return who.removeprefix("role:") in self.roles
        return who in ("signed-in", self.name)


ANONYMOUS = Principal("", frozenset(), "anonymous")
"""Whoever shows neither a token nor who they are."""
