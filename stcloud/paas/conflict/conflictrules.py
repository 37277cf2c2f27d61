"""Tables of rules as a closed TOML document, or a CSV: which uses exclude each other, and which need a distance.

`docs/explanation/plans.md` describes every key. Tested by `tests/paas/conflict/test_conflictrules.py`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tomllib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from stcloud.daas.definition.clause import Closed, Text, definition_faults
from stcloud.errors import InvalidDefinition

__all__ = [
    "ClearanceRule", "ConflictRule", "ConflictRules", "DistanceRule", "ExclusionRule", "PlanClause", "RuleSide",
    "SliverClause",
]  # fmt: skip

_COLUMNS = (
    "rule", "kind", "first_layer", "first_use", "second_layer", "second_use", "metres", "vertical_m", "from", "to",
    "title",
)  # fmt: skip

Length = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False, strict=True)]
Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False, strict=True)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class PlanClause(Closed):
    """Whose plan a layer is, and which of its columns are compared.

    Attributes
    ----------
    department
        Whose plan it is; empty: the layer's name.
    use
        The column with the use of a feature.
    zmin, zmax
        The columns with its range of heights, metres.
    """

    department: str = ""
    use: Text = "use"
    zmin: Text = "zmin"
    zmax: Text = "zmax"


class SliverClause(Closed):
    """Which shared pieces are too small to be a conflict.

    Attributes
    ----------
    area_m2, width_m
        Pieces with less area are slivers, and those that are narrower: twice the area by the perimeter.
    """

    area_m2: Length = 1.0
    width_m: Length = 0.0


class RuleSide(Closed):
    """One of the two features that a rule is about.

    Attributes
    ----------
    layer
        Its layer; None: any.
    use
        One of these uses; empty: any, and none.
    """

    layer: Text | None = None
    use: tuple[Text, ...] = ()

    @field_validator("use", mode="before")
    @classmethod
    def _several(cls, use: Any) -> Any:
        return (use,) if isinstance(use, str) else use

    @property
    def text(self) -> str:
        """The side in a few words."""
        return " ".join(
            filter(None, [" or ".join(self.use) or "anything", self.layer and f"in {self.layer}"])
        )


class ConflictRule(Closed, ABC):
    """What a rule of every kind has.

    Attributes
    ----------
    id, title
        Name of the rule, and what people call it.
    first, second
        The two sides.
    start, end
        ``from`` and ``to``: the days between which it binds, half-open, on the city's clock; None: that end is open.
    """

    kind: ClassVar[str]
    shares: ClassVar[bool] = False
    """Whether it is about what two features share, not about how close they are."""

    id: Id
    title: str = ""
    first: RuleSide = RuleSide()
    second: RuleSide = RuleSide()
    start: Annotated[date | None, Field(alias="from")] = None
    end: Annotated[date | None, Field(alias="to")] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.first.layer is not None and self.first.layer == self.second.layer:
            raise ValueError(f"a rule is between two layers, and both sides are of '{self.first.layer}'")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("the rule ends before it begins to bind")
        return self

    @property
    def sides(self) -> tuple[RuleSide, RuleSide]:
        """Both sides."""
        return self.first, self.second

    @property
    @abstractmethod
    def terms(self) -> str:
        """What it asks for, in a few words."""

    @property
    def reach_m(self) -> float:
        """How close two features must be to conflict, metres; 0: they share something."""
        return 0.0

    @property
    def gap_m(self) -> float | None:
        """How close their depths must be, metres; None: at any depth."""
        return None

    @property
    def text(self) -> str:
        """The rule in a line."""
        return f"{self.first.text} and {self.second.text}: {self.terms}"

    def joins(self, one_layer: str, other_layer: str) -> bool:
        """Tell whether its sides can be of these two layers."""
        first, second = self.first.layer, self.second.layer
        pairs = ((one_layer, other_layer), (other_layer, one_layer))
        return any(first in (None, left) and second in (None, right) for left, right in pairs)


class ExclusionRule(ConflictRule):
    """Two uses that exclude each other."""

    kind: ClassVar[str] = "exclude"
    shares: ClassVar[bool] = True

    @property
    def terms(self) -> str:
        """What it asks for, in a few words."""
        return "exclude each other"


class DistanceRule(ConflictRule):
    """Two uses that must be so many metres apart, edge to edge."""

    kind: ClassVar[str] = "distance"
    least_m: Positive

    @property
    def terms(self) -> str:
        """What it asks for, in a few words."""
        return f"at least {self.least_m:g} m apart"

    @property
    def reach_m(self) -> float:
        """How close two features must be to conflict, metres."""
        return self.least_m


class ClearanceRule(ConflictRule):
    """Two lines that must be so far apart in the plane, or in depth."""

    kind: ClassVar[str] = "clearance"
    horizontal_m: Length
    vertical_m: Length

    @property
    def terms(self) -> str:
        """What it asks for, in a few words."""
        return f"at least {self.horizontal_m:g} m apart in the plane, or {self.vertical_m:g} m in depth"

    @property
    def reach_m(self) -> float:
        """How close two features must be to conflict, metres; 0: they cross."""
        return self.horizontal_m

    @property
    def gap_m(self) -> float | None:
        """How close their depths must be, metres; 0: they share a depth."""
        return self.vertical_m


class ConflictRules(Closed):
    """A table of rules about plans.

    Attributes
    ----------
    id, title
        Name of the table, and what people call it.
    uses
        Uses that rules may name though no plan has them yet.
    plans
        Whose plan each layer is, by layer; layers that are not named are as a `PlanClause` without keys.
    slivers
        Which shared pieces are too small.
    exclude, distance, clearance
        The rules, by kind.

    Examples
    --------
    >>> rules = ConflictRules.from_toml('''
    ... id = "safety"
    ... [[distance]]
    ... id = "fuel-school"
    ... first = { use = "fuel station" }
    ... second = { layer = "landuse", use = "school" }
    ... least_m = 50
    ... ''', name="safety.toml")
    >>> [rule.text for rule in rules]
    ['fuel station and school in landuse: at least 50 m apart']
    """

    id: Id
    title: str = ""
    uses: tuple[Text, ...] = ()
    plans: dict[Text, PlanClause] = Field(default_factory=dict)
    slivers: SliverClause = SliverClause()
    exclude: tuple[ExclusionRule, ...] = ()
    distance: tuple[DistanceRule, ...] = ()
    clearance: tuple[ClearanceRule, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = Counter(rule.id for rule in self)
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            raise ValueError(f"two rules are called '{twice[0]}'")
        if not names:
            raise ValueError("there is no rule: write a table [[exclude]], [[distance]] or [[clearance]]")
        return self

    def __iter__(self) -> Iterator[ConflictRule]:  # type: ignore[override]
        """Give the rules, kind by kind, as they are written."""
        yield from (*self.exclude, *self.distance, *self.clearance)

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a TOML document, whose ``name`` is put in errors.

        Raises
        ------
        InvalidDefinition
            ``not-toml`` with the line; ``invalid-definition`` with all faults, their keys and the nearest valid key.
        """
        with definition_faults(name, _keys):
            return cls.from_document(tomllib.loads(text), name=name)

    @classmethod
    def from_document(cls, document: Mapping[str, Any], *, name: str) -> Self:
        """Return the rules of a document's keys and values; `InvalidDefinition` ``invalid-definition``."""
        with definition_faults(name, _keys):
            return cls.model_validate(document)

    @classmethod
    def from_csv(cls, text: str, *, name: str, identity: str) -> Self:
        """Read a table with one rule a row, whose columns `docs/explanation/plans.md` lists.

        Parameters
        ----------
        text
            The table; several uses of a side are separated by ``;``.
        name, identity
            What to call it in errors, and its ``id``.

        Raises
        ------
        InvalidDefinition
            ``invalid-definition``
        """
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
        unknown = [column for column in reader.fieldnames or () if column not in _COLUMNS]
        if unknown:
            raise InvalidDefinition(
                "invalid-definition",
                name,
                faults=[f"{unknown[0]}: unknown column; known are {', '.join(_COLUMNS)}"],
            )
        document: dict[str, Any] = {"id": identity}
        for number, row in enumerate(reader, start=2):
            kind = (row.get("kind") or "").strip()
            if kind not in _METRES:
                raise InvalidDefinition(
                    "invalid-definition", name,
                    faults=[f"line {number}: kind is exclude, distance or clearance, not '{kind}'"],
                )  # fmt: skip
            document.setdefault(kind, []).append(_rule_of(row, kind, f"{name}, line {number}"))
        return cls.from_document(document, name=name)

    def plan(self, layer: str) -> PlanClause:
        """Return whose plan a layer is, and which columns are compared."""
        return self.plans.get(layer, PlanClause())

    def department(self, layer: str) -> str:
        """Return whose plan a layer is; by default its name."""
        return self.plan(layer).department or layer

    def digest(self) -> str:
        """Return a digest of what the rules mean, 16 hexadecimal digits; titles do not affect it."""
        meaning = self.model_dump(mode="json", exclude={"id": True, "title": True})
        text = json.dumps(meaning, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def text(self) -> str:
        """The name of the table, with the digest of what it means."""
        return f"{self.id}-{self.digest()}"


_METRES = {"exclude": None, "distance": "least_m", "clearance": "horizontal_m"}
"""Key that the column ``metres`` of a CSV has in each kind."""


def _rule_of(row: Mapping[str, str | None], kind: str, place: str) -> dict[str, Any]:
    """Return the document of a rule in a row of a CSV."""
    given = {name: (row.get(name) or "").strip() for name in _COLUMNS}
    rule: dict[str, Any] = {"id": given["rule"]}
    rule |= {name: given[name] for name in ("title", "from", "to") if given[name]}
    for side in ("first", "second"):
        uses = [use.strip() for use in given[f"{side}_use"].split(";") if use.strip()]
        layer = {"layer": given[f"{side}_layer"]} if given[f"{side}_layer"] else {}
        rule[side] = {**layer, "use": uses}
    for column, key in (("metres", _METRES[kind]), ("vertical_m", "vertical_m")):
        if given[column]:
            try:
                rule[key or column] = float(given[column])
            except ValueError as error:
                raise InvalidDefinition(
                    "invalid-definition", place, faults=[f"{column}: '{given[column]}' is no number"]
                ) from error
    return rule


def _keys(place: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that are known at a place of the document."""
    names = [part for part in place if isinstance(part, str)]
    models: dict[str, type[Closed]] = {
        "exclude": ExclusionRule, "distance": DistanceRule, "clearance": ClearanceRule, "slivers": SliverClause,
        "first": RuleSide, "second": RuleSide, "plans": PlanClause,
    }  # fmt: skip
    model = next((models[name] for name in reversed(names) if name in models), ConflictRules)
    return tuple(field.alias or name for name, field in model.model_fields.items())
