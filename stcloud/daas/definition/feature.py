"""Definitions of layers of features: their periods, shapes and predecessors.

Tested by `tests/daas/definition/test_definition.py`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field

from stcloud.daas.definition.clause import (
    DutyClause,
    GridClause,
    ShapeClause,
    Text,
    ValidClause,
)
from stcloud.daas.definition.definition import Definition, register_definition

__all__ = ["FeatureDefinition"]


class FeatureDefinition(Definition):
    """A layer of features: something was so during a period."""

    modes: ClassVar[tuple[str, ...]] = ("snapshot", "changes", "append", "delete")
    has_periods: ClassVar[bool] = True
    clauses: ClassVar[dict[str, type[BaseModel]]] = {
        "valid": ValidClause, "shape": ShapeClause, "grid": GridClause, "duty": DutyClause,
    }  # fmt: skip

    kind: Literal["feature"]
    key: Annotated[tuple[Text, ...], Field(min_length=1)]
    duplicates: Literal["last", "first", "refuse", "keep"] = "refuse"
    valid: ValidClause | None = None
    shape: ShapeClause = ShapeClause()
    predecessor: Text | None = None
    """Column that names the keys a feature came from, several by ``;``."""
    grid: GridClause | None = None
    """Says that the features are the cells of a unit grid; their key is their code."""
    duty: DutyClause | None = None
    """Says that the rows give unit cells to duty grids."""

    def declares(self, name: str) -> bool:
        """Tell whether the definition fixes a column's type; columns that name other rows are text."""
        names = (self.predecessor, *((self.duty.grid, self.duty.unit) if self.duty else ()))
        return name in names or super().declares(name)

    def time_words(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
        """Return the words that mean no time in a column of times, its formats and its zone."""
        if self.valid and name in self.valid.columns:
            return (*self.column(name).null, *self.valid.nothing(name)), self.valid.formats, self.valid.zone
        return super().time_words(name)

    @property
    def _zone(self) -> str | None:
        return self.valid.zone if self.valid else None

    @property
    def roles(self) -> tuple[str, ...]:
        """Source columns with the key, the place and the period of a row."""
        return tuple(dict.fromkeys([*super().roles, *(self.valid.columns if self.valid else ())]))

    @property
    def unkept(self) -> tuple[str, ...]:
        """Source columns that are read and not kept."""
        return (*super().unkept, *(self.valid.columns if self.valid else ()))

    @property
    def file_period(self) -> ValidClause | None:
        """How a file's name says since when its rows are so, where it does."""
        return self.valid if self.valid is not None and self.valid.file is not None else None


register_definition("feature", FeatureDefinition)
