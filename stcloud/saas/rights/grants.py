"""Grants: what one principal may do, layer by layer. Tested by `tests/saas/rights/test_policy.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from stcloud.errors import InvalidInput
from stcloud.saas.rights.rule import PolicyRule, Right

__all__ = ["Grants", "not_permitted"]

_SEEN: tuple[Right, ...] = ("read", "count")


@dataclass(frozen=True, slots=True)
class Grants:
    """What a principal may do.

    Parameters
    ----------
    rules
        The rules that are about it, in their order.
    digest
        Of the policy and of which rules these are: who has the same one may do the same.
    secret
        What codes of hashed columns are made with.
    seen
        What lets a layer be seen at all.
    """

    rules: tuple[PolicyRule, ...]
    digest: str
    secret: bytes = field(default=b"", repr=False)
    seen: tuple[Right, ...] = _SEEN

    def of(self, layer: str) -> PolicyRule | None:
        """Return the rule that decides on a layer; None: it may not be seen, and so it is not there."""
        rule = self._first(layer)
        return rule if rule is not None and any(map(rule.allows, self.seen)) else None

    def of_cases(self, log: str) -> PolicyRule | None:
        """Return the rule that decides on a log of cases; None: it may not be read."""
        rule = next((rule for rule in self.rules if rule.names_cases(log)), None)
        return rule if rule is not None and rule.allows("read") else None

    def shows_cases(self, log: str) -> bool:
        """Tell whether a log of cases may be read."""
        return self.of_cases(log) is not None

    def may(self, right: Right, layer: str) -> bool:
        """Tell whether something may be done with a layer."""
        rule = self._first(layer)
        return rule is not None and rule.allows(right)

    def may_with_cases(self, right: Right, log: str) -> bool:
        """Tell whether something may be done with a log of cases."""
        rule = next((rule for rule in self.rules if rule.names_cases(log)), None)
        return rule is not None and rule.allows(right)

    def reach(self, layers: Iterable[str], logs: Callable[[], Iterable[str]]) -> bool:
        """Tell whether anything may be done with any of these layers and logs of cases; ``logs`` gives them."""
        if not self.rules:
            return False
        return any(self._first(layer) is not None for layer in layers) or any(
            rule.names_cases(log) for log in logs() for rule in self.rules
        )

    def reading(self) -> Grants:
        """Return the same without layers of which only counts may be seen."""
        return replace(self, digest=f"{self.digest}-read", seen=("read",))

    def seen_of(self, layers: Iterable[str]) -> tuple[str, ...]:
        """Return the layers that may be seen, in their order."""
        return tuple(layer for layer in layers if self.of(layer) is not None)

    def _first(self, layer: str) -> PolicyRule | None:
        return next((rule for rule in self.rules if rule.names_layer(layer)), None)


def not_permitted(message: str) -> InvalidInput:
    """Return the error for what is there, and may not be done with it."""
    return InvalidInput(
        "not-permitted", f"not permitted: {message}", hint="whoever keeps the policy can allow it"
    )
