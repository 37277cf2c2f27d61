"""A condition of a plan on rows, before what it names of other layers is read.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from stcloud.paas.query.plan.resolved import Resolved
    from stcloud.paas.query.plan.resolving import Resolving
    from stcloud.space import Lattice
    from stcloud.time import PublishedDays, Spans

__all__ = ["Condition"]


class Condition(ABC):
    """A condition of a plan: a frozen value that holds what is wanted, and nothing that was read."""

    __slots__ = ()

    @abstractmethod
    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return what rows are tested by: conditions that must all hold, and read no other layer."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of other layers that are read to resolve it, each once."""
        return ()

    @property
    def of_units(self) -> bool:
        """Whether it depends on which cell of the unit grid held a row."""
        return False

    @property
    def of_city(self) -> bool:
        """Whether it depends on the days that the city has published."""
        return False

    @property
    def fact(self) -> str:
        """The name of the fact of an answer that describes it; empty: none does."""
        return ""

    @property
    def drifts(self) -> bool:
        """Whether it names features as they are at each row's own time."""
        return False

    @property
    def rules(self) -> dict[str, str]:
        """Versions of rules of time that it depends on, by name."""
        return {}

    def under(self, published: PublishedDays) -> Condition:  # noqa: ARG002
        """Return the same with the days that the city has published; itself, where it is not `of_city`."""
        return self

    def time(self) -> Spans | None:
        """Return the times that it asks for; None: it does not ask for a time."""
        return None

    def within(self, spans: Spans) -> Condition:  # noqa: ARG002
        """Return the same for other times; itself, where it asks for none."""
        return self

    def starts(self) -> Spans | None:
        """Return the times in which rows that are kept started; None: at any time."""
        return None

    def area(self, lattice: Lattice) -> BaseGeometry | None:  # noqa: ARG002
        """Return the area that rows must lie in, in the city's CRS; None: it asks for none, or for features."""
        return None

    def window(self) -> tuple[int, int] | None:
        """Return ``[after, before)``, at some instant of which rows that are kept were there, UTC microseconds.

        None: they may have been there at any time.
        """
        return None

    def describe(self) -> str:
        """Return its meaning, for people."""
        return str(self)
