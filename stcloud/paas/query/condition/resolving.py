"""What conditions are given to be resolved: the kind of rows that they are asked of, and what reads other layers."""

from __future__ import annotations

from typing import Protocol

from stcloud.paas.query.condition.known import Known
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.condition.resolved import Resolved
from stcloud.paas.query.place.formula import Formula
from stcloud.space import Lattice

__all__ = ["Resolving", "RowsOfKind"]


class RowsOfKind(Protocol):
    """How the rows of a kind of layers lie in both times and in space."""

    @property
    def period(self) -> tuple[str, str]:
        """Names of the columns that hold when a row began and ended."""

    def believed(self, known: Known) -> Resolved:
        """Return the condition that rows were believed."""

    def placed(self, place: Place, lattice: Lattice) -> Resolved:
        """Return the condition that rows lie in a place."""


class Resolving(Protocol):
    """Resolves the conditions of one plan."""

    @property
    def rows(self) -> RowsOfKind:
        """The kind of rows that are asked for."""

    @property
    def lattice(self) -> Lattice:
        """The city's."""

    def located(self, formula: Formula) -> Resolved:
        """Return the condition that rows lie where a formula of places says; reads the layers that it names."""
