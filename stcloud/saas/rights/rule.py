"""Rules of a policy: who may do what with which layers, or with which part of them.

Tested by `tests/saas/rights/test_policy.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from stcloud.daas.definition.clause import Closed, Text
from stcloud.saas.rights.principal import Principal
from stcloud.space import parse_cell_size
from stcloud.time import is_relative

__all__ = ["PolicyRule", "Right"]

Right: TypeAlias = Literal["read", "count", "load", "act", "administer"]

_RESERVED = ("anonymous", "signed-in")


class PolicyRule(Closed):
    """What some principals may do with some layers or logs of cases.

    Parameters
    ----------
    who
        Names, ``role:NAME``, ``anonymous``, ``signed-in``.
    cities
        Names that the cities have in addresses of a service; ``*`` as below. By default it is about each city.
    do
        ``read`` (rows, and so counts), ``count`` (measures alone), ``load``, ``act`` (on cases), ``administer``.
    layers, cases
        Names of layers and of logs of cases; ``*`` in a name stands for any letters.
    columns, hide
        Only these columns are there, or these are not.
    what, where, when
        Rows are there for which each filter is true, that lie in any of the places, and at any of the times.
    mask
        By column: ``hash``, its value is a code that is the same for the same value; ``drop``, it has none.
    personal
        What becomes of the columns that the definition of a layer marks as personal, unless the rule masks them by
        name: ``show``, they are as others; ``hide``, they are not there; ``hash``, ``drop``, as for ``mask``.
    position
        ``cell:100m``: events are given as the centre of their cell.
    """

    who: Annotated[tuple[Text, ...], Field(min_length=1)]
    do: Annotated[tuple[Right, ...], Field(min_length=1)]
    cities: Annotated[tuple[Text, ...], Field(min_length=1)] = ("*",)
    layers: tuple[Text, ...] = ()
    cases: tuple[Text, ...] = ()
    columns: Annotated[tuple[Text, ...] | None, Field(min_length=1)] = None
    hide: tuple[Text, ...] = ()
    what: tuple[Text, ...] = ()
    where: tuple[Text, ...] = ()
    when: tuple[Text, ...] = ()
    mask: dict[Text, Literal["hash", "drop"]] = Field(default_factory=dict)
    personal: Literal["show", "hide", "hash", "drop"] = "show"
    position: Text | None = None

    @field_validator(
        "who", "do", "cities", "layers", "cases", "columns", "hide", "what", "where", "when", mode="before"
    )
    @classmethod
    def _several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @field_validator("when")
    @classmethod
    def _stated(cls, when: tuple[str, ...]) -> tuple[str, ...]:
        for text in when:
            if is_relative(text):
                raise ValueError(
                    f"'{text}' means another time every day: state the time, as in 2024-01-01/.."
                )
        return when

    @field_validator("position")
    @classmethod
    def _cell(cls, position: str | None) -> str | None:
        if position is not None:
            if not position.startswith("cell:"):
                raise ValueError(f"'{position}' is no cell: write cell:100m")
            parse_cell_size(position.removeprefix("cell:"))
        return position

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.layers and not self.cases:
            raise ValueError("name layers, or logs of cases")
        if self.columns is not None and self.hide:
            raise ValueError("state the columns that are there, or those that are hidden, not both")
        if self.cases and self.narrows:
            raise ValueError(
                "logs of cases are seen whole or not at all: state columns, rows and masks of layers alone"
            )
        if set(self.do) - {"read", "count"} and self.narrows and not {"read", "count"} & set(self.do):
            raise ValueError("columns, rows and masks narrow what is read: nobody may read by this rule")
        return self

    @property
    def selects_rows(self) -> bool:
        """Whether only some rows are there."""
        return bool(self.what or self.where or self.when)

    @property
    def limits_rows(self) -> bool:
        """Whether only some rows are there, or rows are not as they are stored."""
        return self.selects_rows or bool(self.mask or self.position)

    @property
    def narrows(self) -> bool:
        """Whether less is there than all of a layer."""
        return self.limits_rows or self.columns is not None or bool(self.hide) or self.personal != "show"

    def of_layer(self, personal: Collection[str]) -> Self:
        """Return what the rule says of a layer whose personal columns have these names, each by its name."""
        columns = [
            name
            for name in personal
            if name not in self.mask
            and name not in self.hide
            and (self.columns is None or name in self.columns)
        ]
        if self.personal == "show":
            return self
        changed: dict[str, Any] = {"personal": "show"}
        if self.personal != "hide":
            changed["mask"] = {**self.mask, **dict.fromkeys(columns, self.personal)}
        elif self.columns is None:
            changed["hide"] = (*self.hide, *columns)
        else:
            changed["columns"] = tuple(name for name in self.columns if name not in columns)
        return self.model_copy(update=changed)

    def fits(self, principal: Principal) -> bool:
        """Tell whether the rule is about a principal."""
        return any(principal.fits(who) for who in self.who)

    def names_city(self, city: str) -> bool:
        """Tell whether the rule is about a city."""
        return any(fnmatchcase(city, pattern) for pattern in self.cities)

    def names_layer(self, layer: str) -> bool:
        """Tell whether the rule is about a layer."""
        return any(fnmatchcase(layer, pattern) for pattern in self.layers)

    def names_cases(self, log: str) -> bool:
        """Tell whether the rule is about a log of cases."""
        return any(fnmatchcase(log, pattern) for pattern in self.cases)

    def allows(self, right: Right) -> bool:
        """Tell whether something may be done; who may read may count."""
        return right in self.do or (right == "count" and "read" in self.do)
