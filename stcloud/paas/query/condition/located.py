"""Located: rows in or near features of other layers, and places joined by ``and``, ``or`` and ``not``.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from stcloud.paas.query.place.formula import Formula, leaves_of, written
from stcloud.paas.query.place.spec import Beside, Named
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.paas.query.plan.resolving import Resolving

__all__ = ["Located", "Neighbours"]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Features of a layer, or a point, that rows lie in or near.

    Parameters
    ----------
    place
        What is named.
    text
        How it was written.
    at_us
        As features were then, UTC microseconds; None: at each row's own time.
    """

    place: Beside | Named
    text: str
    at_us: int | None = None

    of_units = False

    @property
    def layers(self) -> tuple[str, ...]:
        """The layer that is named; none: a point."""
        return (self.place.layer,) if isinstance(self.place, Named) else ()

    @property
    def drifts(self) -> bool:
        """Whether it names features as they are at each row's own time."""
        return bool(self.layers) and self.at_us is None


@dataclass(frozen=True, slots=True)
class Located(Condition):
    """Keep rows that lie where a formula of places says.

    Parameters
    ----------
    formula
        Its leaves are `Place`, `InUnits`, `OnDuty` and `Neighbours`.
    """

    formula: Formula

    def __str__(self) -> str:
        return f"where {self.text}"

    @property
    def text(self) -> str:
        """The formula, as it is written."""
        return written(self.formula, lambda leaf: f"({leaf.text})" if " or " in leaf.text else leaf.text)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that are named, each once."""
        return tuple(dict.fromkeys(name for leaf in leaves_of(self.formula) for name in leaf.layers))

    @property
    def of_units(self) -> bool:
        """Whether any of its places depends on cells of the unit grid."""
        return any(leaf.of_units for leaf in leaves_of(self.formula))

    @property
    def drifts(self) -> bool:
        """Whether it names features as they are at each row's own time."""
        return any(leaf.drifts for leaf in leaves_of(self.formula))

    @property
    def fact(self) -> str:
        """It is the place."""
        return "where"

    def describe(self) -> str:
        """Return the place, as it is written."""
        return self.text

    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return the condition with the features that are named."""
        return (resolving.located(self.formula),)
