"""Layer definitions: how to read a source and what its rows mean, as a closed TOML document.

A definition is data: no expressions, no environment, no Python. All faults of a file are named at once.
`docs/reference/definition.md` describes every key.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import BaseModel, Field, field_validator, model_validator

from stcloud.daas.complete_to import CompleteTo
from stcloud.daas.definition.clause import (
    Closed,
    ColumnClause,
    OriginClause,
    ReadClause,
    SpaceClause,
    Text,
    TimeClause,
    ValidClause,
    definition_faults,
)  # fmt: skip
from stcloud.daas.definition.document import digest_holds, toml_of
from stcloud.errors import InvalidInput, nearest
from stcloud.iaas.source.rasterreading import RasterReading
from stcloud.time import Zone

__all__ = ["Definition", "register_definition", "stored_name"]

_MEANINGLESS: dict[str, Any] = {
    **dict.fromkeys(("id", "title", "source", "language", "predecessor", "grid", "duty"), True),
    **dict.fromkeys(("complete_to", "personal", "mover", "origin"), True),
    "space": {"none"},
}  # fmt: skip
"""What says nothing of how rows are read: left out of a definition's identity."""
_MEANINGLESS_OF_COLUMN = ("title", "unit", "codes", "kind_column")
_ADDED: dict[str, set[str]] = {"": {"trim"}, "time": {"null", "open", "columns"}, "valid": {"null", "open"}}
"""Keys by clause that definitions of the first version lack: unused, they leave a definition's identity alone."""
_UNSTORABLE = re.compile(r"[ ,;{}()=\t\n]")


def stored_name(name: str) -> str:
    """Return the name under which a source column is stored: what Delta forbids becomes ``_``.

    >>> stored_name("X Coordinate (State Plane)")
    'X_Coordinate__State_Plane_'
    """
    return _UNSTORABLE.sub("_", name)


class Definition(Closed):
    """Description of how to read a layer's source: an `EventDefinition` or a `FeatureDefinition`.

    Examples
    --------
    >>> definition = Definition.from_toml('''
    ... id = "potholes"
    ... kind = "event"
    ... key = ["id"]
    ... [time]
    ... column = "opened"
    ... [space]
    ... lon = "lon"
    ... lat = "lat"
    ... ''', name="potholes.toml")
    >>> definition.kind, definition.key
    ('event', ('id',))
    """

    modes: ClassVar[tuple[str, ...]] = ("changes", "append", "delete")
    """How a load may meet what the layer holds; the first one where nothing is stated."""
    has_periods: ClassVar[bool] = False
    """Whether a load may state the valid period of its rows."""
    clauses: ClassVar[dict[str, type[BaseModel]]] = {}
    """Tables of its documents that no other kind has, by name."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    kind: str
    title: str = ""
    source: str = ""
    language: Literal["en", "zh"] | None = None
    """Language of the names of codes; None: the city's."""
    key: tuple[Text, ...] = ()
    duplicates: Literal["last", "first", "refuse", "keep"] = "last"
    extra_columns: Literal["keep", "ignore", "refuse"] = "keep"
    null: tuple[str, ...] = ("",)
    trim: bool = False
    complete_to: Text | None = None
    """Until when the rows of a load are complete, where the load does not state it: a rule, a date or an instant."""
    read: ReadClause = ReadClause()
    space: SpaceClause
    columns: dict[str, ColumnClause] = Field(default_factory=dict)
    personal: tuple[Text, ...] = ()
    """Columns that hold what is personal, as the file or the layer names them: rows are read as without it."""
    origin: OriginClause | None = None
    """Whose layer it is, where it was received from another city; None: it is this city's own."""

    @model_validator(mode="after")
    def _storable(self) -> Self:
        for name, column in self.columns.items():
            _check_storable(column.rename or name)
        return self

    @model_validator(mode="after")
    def _marked(self) -> Self:
        if self.extra_columns != "keep":
            known = {*self.required, *self.columns, *(column.rename for column in self.columns.values())}
            for name in self.personal:
                if name not in known:
                    near = nearest(name, [each for each in known if each])
                    proposal = f"; did you mean '{near[0]}'?" if near else ""
                    raise ValueError(f"personal names '{name}', which is no column{proposal}")
        return self

    @field_validator("complete_to")
    @classmethod
    def _complete(cls, stated: str | None) -> str | None:
        if stated is not None:
            CompleteTo.read(stated, Zone("UTC"))
        return stated

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a definition from a TOML document; the CRS of one that is as stcloud wrote it was checked then.

        Parameters
        ----------
        text
            The TOML document.
        name
            Name of the document in errors, e.g. its file name.

        Raises
        ------
        InvalidDefinition
            ``not-toml`` with the line; ``invalid-definition`` with all faults, their keys and the nearest valid
            key.
        """
        with definition_faults(name, _keys):
            document = tomllib.loads(text)
            model = cast("type[Self]", _model(document.get("kind"))) if cls is Definition else cls
            return model.model_validate(document, context={"checked": digest_holds(text)})

    def to_toml(self) -> str:
        """Return the definition as a TOML document that reads back as an equal definition."""
        document = self.model_dump(mode="json", exclude_defaults=True, by_alias=True)
        if self.space.datum_is_declared:
            document["space"]["datum"] = self.space.datum.value
        return toml_of(document)

    def digest(self) -> str:
        """Return a digest of what affects the data, 16 hexadecimal digits; titles and links do not affect it."""
        meaning = self.model_dump(mode="json", exclude=_MEANINGLESS)
        meaning["columns"] = {
            name: column for name, column in meaning["columns"].items() if not self._is_only_named(name)
        }
        for column in meaning["columns"].values():
            for key in _MEANINGLESS_OF_COLUMN:
                del column[key]
        meaning |= self._more_meaning(meaning.pop("series", None))
        for name, added in _ADDED.items():  # what came later means nothing where it is not used
            clause: dict[str, Any] = (meaning.get(name) or {}) if name else meaning
            for key in [key for key in added if not clause.get(key, True)]:
                del clause[key]
        text = json.dumps(meaning, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def _more_meaning(self, series: object) -> dict[str, Any]:  # noqa: ARG002
        """Return what else decides how rows are read."""
        return {}

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Source columns that together identify a row; none: the digest of a row is its key."""
        return self.key

    @property
    def personal_columns(self) -> tuple[str, ...]:
        """Columns that hold what is personal, as the layer names them."""
        return tuple(dict.fromkeys(self.column(name).rename or name for name in self.personal))

    def column(self, name: str) -> ColumnClause:
        """Return what is declared of a column, or what goes without saying.

        Columns of time are instants, coordinate columns are numbers, others are text.
        """
        if name in self.columns:
            return self.columns[name]
        if name in self.space.columns and name != self.space.column:
            return ColumnClause(type="number")
        return ColumnClause()

    def typed(self, name: str, kind: str) -> ColumnClause:
        """Return what is declared of a column, or, of one that is not, how its values are read as a type."""
        declared = self.column(name)
        return (
            declared
            if declared.type == kind
            else ColumnClause.model_validate({"type": kind, "zone": self._zone})
        )

    def time_words(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
        """Return the words that mean no time in a column of times, its formats and its zone; else no word."""
        column = self.column(name)
        words = column.null if column.type in ("instant", "date") else ()
        return words, column.formats, "UTC" if column.type == "date" else column.zone

    def declares(self, name: str) -> bool:
        """Return whether the definition declares the type of a column, whatever type its file has."""
        if self._is_only_named(name):
            return False
        return name in self.columns or self.column(name).type != "text"

    def _is_only_named(self, name: str) -> bool:
        """Return whether a column is declared for the names of its codes alone: rows are read as without it."""
        column = self.columns.get(name)
        if column is None or column.codes is None or self.extra_columns != "keep":
            return False
        return column.model_copy(update=dict.fromkeys(_MEANINGLESS_OF_COLUMN)) == ColumnClause(optional=True)

    @property
    def file_period(self) -> ValidClause | None:
        """How a file's name says since when its rows are so, where it does."""
        return None

    @property
    def row_time(self) -> TimeClause | None:
        """Column and formats of a row's time; None for features."""
        return None

    @property
    def _zone(self) -> str | None:
        """Zone of times without an offset, where one is declared."""
        return None

    @property
    def required(self) -> tuple[str, ...]:
        """Source columns that every file must have."""
        roles = self.roles
        named = [name for name, column in self.columns.items() if not column.optional]
        # A column that is renamed as a key, time, period or place is another name of that one.
        named = [name for name in named if name in roles or self.columns[name].rename not in roles]
        return tuple(dict.fromkeys([*roles, *named]))

    def read_in_name(self, file: str) -> str | None:  # noqa: ARG002  (other kinds look at it)
        """Return what is read in a file's name besides an instant of all its rows: files that differ in it differ."""
        return None

    @property
    def is_series(self) -> bool:
        """Whether the rows are readings of stations."""
        return False

    @property
    def raster_reading(self) -> RasterReading | None:
        """How images and grids are read; None: the layer has none."""
        return None

    @property
    def roles(self) -> tuple[str, ...]:
        """Source columns with the key, the time or period, and the place of a row."""
        return tuple(dict.fromkeys([*self.key, *self.space.columns]))

    @property
    def unkept(self) -> tuple[str, ...]:
        """Source columns that are not kept, because their content is in columns of stcloud."""
        return (self.space.column,) if self.space.column else ()


_MODELS: dict[str, type[Definition]] = {}


def register_definition(kind: str, model: type[Definition]) -> None:
    """Make documents that name a kind be read as definitions of a model."""
    _MODELS[kind] = model


def _model(kind: object) -> type[Definition]:
    """Return the model of a kind; what names none is read as a definition of events, whose errors say so."""
    events = _MODELS["event"]
    return _MODELS.get(kind, events) if isinstance(kind, str) else events


def _check_storable(name: str) -> None:
    if stored_name(name).lower().startswith("st_"):
        raise InvalidInput(
            "reserved-column",
            f"column {name!r}: the prefix st_ is stcloud's own",
            hint="declare a rename for it",
        )


def _keys(place: tuple[int | str, ...]) -> tuple[str, ...]:
    models: dict[str, type[BaseModel]] = {
        "read": ReadClause, "space": SpaceClause, "columns": ColumnClause, "origin": OriginClause,
        **{name: clause for model in _MODELS.values() for name, clause in model.clauses.items()},
    }  # fmt: skip
    if place:
        return tuple(models.get(str(place[0]), Definition).model_fields)
    return tuple({name: True for model in _MODELS.values() for name in model.model_fields})
