"""Places that name other layers, units or duty grids, and places joined by ``and``, ``or`` and ``not``.

They hold what is wanted: what they stand for is read when a plan is resolved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stcloud.paas.query.place.formula import Every, Formula, Not, Some, written
from stcloud.paas.query.place.spec import Beside, Named

__all__ = ["InUnits", "Located", "Neighbours", "OnDuty", "leaves_of"]


@dataclass(frozen=True, slots=True)
class InUnits:
    """Keep events whose unit code lies in one of some half-open ranges of texts."""

    ranges: tuple[tuple[str, str], ...]
    said: str

    def __str__(self) -> str:
        return f"where {self.said}"


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Keep events in cells that some duty grids of a layer had then."""

    layer: str
    duties: tuple[str, ...]
    said: str

    def __str__(self) -> str:
        return f"where {self.said}"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Features of a layer, or a point, that rows lie in or near.

    Parameters
    ----------
    place
        What is named.
    said
        How it was written.
    at_us
        As features were then, UTC microseconds; None: at each row's own time.
    """

    place: Beside | Named
    said: str
    at_us: int | None = None

    @property
    def layer(self) -> str | None:
        """The layer that is named; None: a point."""
        return self.place.layer if isinstance(self.place, Named) else None


@dataclass(frozen=True, slots=True)
class Located:
    """Keep rows that lie where a formula of places says.

    Parameters
    ----------
    formula
        Its leaves are `Place`, `InUnits`, `OnDuty` and `Neighbours`.
    """

    formula: Formula

    def __str__(self) -> str:
        return f"where {self.said}"

    @property
    def said(self) -> str:
        """What was asked, as it is written."""
        return written(self.formula, lambda leaf: f"({leaf.said})" if " or " in leaf.said else leaf.said)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers of features that are named, each once."""
        named = [leaf.layer for leaf in leaves_of(self.formula) if isinstance(leaf, Neighbours)]
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def drifts(self) -> bool:
        """Whether it names features as they are at each row's own time."""
        named = [leaf for leaf in leaves_of(self.formula) if isinstance(leaf, Neighbours)]
        return any(leaf.at_us is None for leaf in named if leaf.layer is not None)


def leaves_of(formula: Formula) -> Iterator[Any]:
    """Give the leaves of a formula."""
    if isinstance(formula, Not):
        yield from leaves_of(formula.part)
    elif isinstance(formula, Every | Some):
        for part in formula.parts:
            yield from leaves_of(part)
    else:
        yield formula
