"""Indicators as a closed TOML document; `docs/explanation/indicators.md` describes every key.

Tested by `tests/paas/indicator/test_indicatortree.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from stcloud.daas.definition.clause import Closed, Text
from stcloud.paas.query.spec.question import Question

__all__ = ["Better", "Cadence", "CityIndicator", "IndicatorDocument", "TreeNode"]

Better: TypeAlias = Literal["higher", "lower", "none"]
Cadence: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Weight: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
NodeName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]

_OURS = ("when", "as_of", "known_at", "now", "group", "until", "having", "compare", "order", "limit", "after")
"""Fields of a question that the city states: the period, the groups, what is known; and such as no number has."""


class TreeNode(Closed):
    """A place in the tree; ``parent`` is the node above it, ``weight`` its weight among its siblings."""

    title: Text
    title_zh: str = ""
    parent: NodeName | None = None
    weight: Weight | None = None


class CityIndicator(Closed):
    """An indicator: a numerator over a denominator, times ``factor``; or a value that people enter.

    ``numerator`` and ``denominator`` are questions without a time, with one measure (default: the count); a
    denominator may also be a number. The ``by`` of a question is the column that its rows are grouped by in place
    of what values are asked by. ``entered`` names the layer of entered values. ``direction``: whether higher or
    lower values are better. ``target`` and ``floor`` are the values that count 1 and 0 where values are compared with
    a target. ``node``, ``weight``: where it hangs in the tree, and its weight among its siblings.
    """

    title: Text
    title_zh: str = ""
    node: NodeName | None = None
    numerator: Question | None = None
    denominator: Question | Finite | None = None
    entered: Text | None = None
    factor: Finite = 1.0
    unit: str = ""
    direction: Better = "none"
    cadence: Cadence | None = None
    source: str = ""
    weight: Weight | None = None
    target: Finite | None = None
    floor: Finite | None = None

    @field_validator("numerator", "denominator", mode="after")
    @classmethod
    def _of_a_number(cls, stated: Question | float | None) -> Question | float | None:
        if isinstance(stated, Question):
            given = [name for name in _OURS if getattr(stated, name) not in (None, (), False)]
            if given:
                raise ValueError(f"{given[0]} is stated when values are asked for, not here")
            if len(stated.measure) > 1 or len(stated.by) > 1:
                raise ValueError("a number has one measure, and at most one column that it is grouped by")
        return stated

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.entered is not None and (self.numerator is not None or self.denominator is not None):
            raise ValueError("a value that is entered is not computed: state entered, or a numerator")
        if self.denominator is not None and self.numerator is None:
            raise ValueError("a denominator needs a numerator")
        if self.factor == 0 or self.denominator == 0:
            raise ValueError("neither a factor nor a denominator is 0")
        return self._aimed()

    def _aimed(self) -> Self:
        """Refuse a floor without a target, and one on the wrong side of it."""
        floor = self.floor
        if self.target is None:
            if floor is not None:
                raise ValueError("floor is the value that counts 0 where target counts 1: state target")
            return self
        if self.direction == "none":
            raise ValueError("a target needs a direction: higher or lower")
        if floor is None and self.direction == "lower":
            raise ValueError("where lower is better, state floor, the value that counts 0")
        if (self.target - (floor or 0.0)) * self.sign <= 0:
            raise ValueError(f"target {self.target:g} is not better than {floor or 0.0:g}, which counts 0")
        return self

    @property
    def sign(self) -> int:
        """1 if higher values are better, -1 if lower ones are, 0 if neither."""
        return {"higher": 1, "lower": -1, "none": 0}[self.direction]


class IndicatorDocument(Closed):
    """A document of nodes and indicators; ``extends`` names a bundled frame whose nodes are taken over."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    title: str = ""
    title_zh: str = ""
    source: str = ""
    extends: str | None = None
    nodes: dict[NodeName, TreeNode] = Field(default_factory=dict)
    indicators: dict[NodeName, CityIndicator] = Field(default_factory=dict)
