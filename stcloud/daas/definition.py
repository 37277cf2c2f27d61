"""Layer definitions: how to read a source and what its rows mean, as a closed TOML document.

A definition is data: no expressions, no environment, no Python. All faults of a file are told at once.
`docs/reference/definition.md` describes every key.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stcloud.errors import InvalidDefinition, InvalidInput, nearest
from stcloud.space import Datum, read_crs
from stcloud.time import Zone, check_format

__all__ = [
    "Column",
    "Definition",
    "EventDefinition",
    "FeatureDefinition",
    "Reading",
    "Shape",
    "Space",
    "Time",
    "Valid",
    "stored_name",
]

Text = Annotated[str, Field(min_length=1)]
_MEANINGLESS: dict[str, Any] = {
    **dict.fromkeys(("id", "title", "source", "predecessor", "grid", "duty"), True), "space": {"none"},
}  # fmt: skip
"""What says nothing of how rows are read: left out of a definition's identity."""
_UNSTORABLE = re.compile(r"[ ,;{}()=\t\n]")


def stored_name(name: str) -> str:
    """Return the name under which a source column is stored: what Delta forbids becomes ``_``.

    >>> stored_name("X Coordinate (State Plane)")
    'X_Coordinate__State_Plane_'
    """
    return _UNSTORABLE.sub("_", name)


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Reading(_Closed):
    """How the file is written: format (by its name when absent), encoding, delimiter, layer."""

    format: Literal["csv", "json", "vector", "parquet"] | None = None
    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    layer: str | None = None


class Time(_Closed):
    """Which column tells when, in which formats and zone (the city's when absent).

    ``end`` names the column that tells when the event ended (exclusive), if it lasts.
    """

    column: Text
    formats: Annotated[tuple[Text, ...], Field(min_length=1)] = ("iso",)
    zone: str | None = None
    end: Text | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        _check_formats(self.formats, self.zone)
        return self


class Space(_Closed):
    """Which columns tell where: ``lon``/``lat`` in degrees, ``x``/``y`` in ``crs``, or one geometry column.

    ``none``: features that have no place, such as who is responsible for what.
    """

    lon: Text | None = None
    lat: Text | None = None
    x: Text | None = None
    y: Text | None = None
    column: Text | None = None
    encoding: Literal["wkt", "wkb"] = "wkt"
    crs: str | None = None
    datum: Datum = Datum.WGS84
    none: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.none:
            if self.columns or self.crs:
                raise ValueError("what has no place has no columns that tell it, and no crs")
            return self
        forms = [self.lon or self.lat, self.x or self.y, self.column]
        if sum(form is not None for form in forms) != 1:
            raise ValueError("name lon and lat, or x, y and crs, or column and crs")
        if (self.lon is None) != (self.lat is None) or (self.x is None) != (self.y is None):
            raise ValueError("both coordinates must be named")
        if self.lon is None and self.crs is None:
            raise ValueError("crs must be declared for x and y or a geometry column; it is never guessed")
        if self.lon is not None and not read_crs(self.declared_crs).is_geographic:
            raise ValueError(f"crs {self.crs} is not in degrees; name its columns x and y")
        read_crs(self.declared_crs)
        if self.datum in (Datum.GCJ02, Datum.BD09) and not read_crs(self.declared_crs).is_geographic:
            raise ValueError(f"datum {self.datum} shifts degrees; crs {self.crs} is not in degrees")
        return self

    @property
    def declared_crs(self) -> str:
        """CRS of the coordinates as they are written."""
        return self.crs or "OGC:CRS84"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that tell where."""
        return tuple(name for name in (self.lon, self.lat, self.x, self.y, self.column) if name)


class Column(_Closed):
    """What one column holds; absent columns are text.

    ``values`` maps what is written to what is kept; ``otherwise`` says what becomes of the rest.
    """

    type: Literal["text", "integer", "number", "boolean", "date", "instant"] = "text"
    formats: Annotated[tuple[Text, ...], Field(min_length=1)] = ("iso",)
    zone: str | None = None
    null: tuple[str, ...] = ()
    values: dict[str, str] = Field(default_factory=dict)
    otherwise: Literal["keep", "null", "refuse"] = "keep"
    optional: bool = False
    rename: Text | None = None
    title: str | None = None
    unit: str | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        _check_formats(self.formats, self.zone)
        return self


class Valid(_Closed):
    """Where the valid period of a feature is written: in columns of each row, or once in the file's name.

    ``file`` is a pattern of the file's name without its suffix, e.g. ``"communities_%Y-%m-%d"``: the instant of a
    snapshot. ``inclusive`` says that an end is the last day, not the first day after.
    """

    start: Annotated[Text | None, Field(alias="from")] = None
    end: Annotated[Text | None, Field(alias="to")] = None
    formats: Annotated[tuple[Text, ...], Field(min_length=1)] = ("iso",)
    zone: str | None = None
    inclusive: bool = False
    file: Text | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        _check_formats(self.formats, self.zone)
        if self.file is not None:
            check_format(self.file)
        if (self.start is None) == (self.file is None):
            raise ValueError("name the column that a period is from, or the file's pattern")
        if self.end is not None and self.start is None:
            raise ValueError("a period has a column it is from before it has one it is to")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of each row that tell its period."""
        return tuple(name for name in (self.start, self.end) if name)


class Shape(_Closed):
    """What geometry a feature may have, and what becomes of an invalid one.

    ``tolerance_m``: geometries that differ by less are the same, metres.
    """

    invalid: Literal["repair", "reject"] = "repair"
    kinds: tuple[Literal["Point", "LineString", "Polygon"], ...] = ()
    tolerance_m: Annotated[float, Field(ge=0)] = 0.001


class Grid(_Closed):
    """What makes a layer of features a unit grid: its code scheme, and what its cells should be like.

    ``scheme``: name of a bundled code scheme; ``target_area_m2``: of a cell; ``tolerance_m``: edges that differ by
    less are one.
    """

    scheme: Text = "unit-grid-15"
    target_area_m2: Annotated[float, Field(gt=0)] = 10_000.0
    tolerance_m: Annotated[float, Field(ge=0)] = 0.001


class Duty(_Closed):
    """Which columns say that a cell of the unit grid belongs to a duty grid."""

    grid: Text = "duty"
    unit: Text = "unit"


class Definition(_Closed):
    """What a layer's source is and means: an `EventDefinition` or a `FeatureDefinition`.

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

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    kind: Literal["event", "feature"]
    title: str = ""
    source: str = ""
    key: tuple[Text, ...] = ()
    duplicates: Literal["last", "first", "refuse"] = "last"
    extra_columns: Literal["keep", "ignore", "refuse"] = "keep"
    null: tuple[str, ...] = ("",)
    read: Reading = Reading()
    space: Space
    columns: dict[str, Column] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _storable(self) -> Self:
        for name, column in self.columns.items():
            _check_storable(column.rename or name)
        return self

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a definition.

        Parameters
        ----------
        text
            The TOML document.
        name
            What to call it in errors, e.g. its file name.

        Raises
        ------
        InvalidDefinition
            ``not-toml`` with the line; ``invalid-definition`` with every fault, its key and the nearest known key.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidDefinition("not-toml", f"{name} is not TOML: {error}") from error
        kinds: dict[Any, Any] = {"event": EventDefinition, "feature": FeatureDefinition}
        model = kinds.get(document.get("kind"), EventDefinition) if cls is Definition else cls
        try:
            return model.model_validate(document)
        except ValidationError as error:
            raise InvalidDefinition("invalid-definition", name, faults=_faults(error)) from error

    def to_toml(self) -> str:
        """Return the definition as a TOML document that reads back as an equal definition."""
        return "\n".join(_toml(self.model_dump(mode="json", exclude_defaults=True, by_alias=True))) + "\n"

    def digest(self) -> str:
        """Identity of what the definition means (16 hexadecimal digits); titles and links do not count."""
        meaning = self.model_dump(mode="json", exclude=_MEANINGLESS)
        for column in meaning["columns"].values():
            del column["title"], column["unit"]
        text = json.dumps(meaning, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def column(self, name: str) -> Column:
        """Return what is declared of a column, or what goes without saying.

        Columns of time are instants, coordinate columns are numbers, others are text.
        """
        if name in self.columns:
            return self.columns[name]
        if name in self.space.columns and name != self.space.column:
            return Column(type="number")
        return Column()

    @property
    def required(self) -> tuple[str, ...]:
        """Source columns that must be in the file."""
        named = [*self.key, *self.space.columns]
        named += [name for name, column in self.columns.items() if not column.optional]
        return tuple(dict.fromkeys(named))

    @property
    def unkept(self) -> tuple[str, ...]:
        """Source columns that are read and not kept: what they say is kept in columns of ours."""
        return (self.space.column,) if self.space.column else ()


class EventDefinition(Definition):
    """A layer of events: something happened at an instant."""

    kind: Literal["event"]
    time: Time

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.space.none:
            raise ValueError("events have a place; space.none is for features")
        return self

    def column(self, name: str) -> Column:
        """Return what is declared of a column, or what goes without saying."""
        if name not in self.columns and name in (self.time.column, self.time.end):
            return Column(type="instant", formats=self.time.formats, zone=self.time.zone)
        return super().column(name)

    @property
    def required(self) -> tuple[str, ...]:
        """Source columns that must be in the file."""
        times = [self.time.column, *([self.time.end] if self.time.end else [])]
        return tuple(dict.fromkeys([*self.key, *times, *super().required]))


class FeatureDefinition(Definition):
    """A layer of features: something was so during a period."""

    kind: Literal["feature"]
    key: Annotated[tuple[Text, ...], Field(min_length=1)]
    duplicates: Literal["last", "first", "refuse"] = "refuse"
    valid: Valid | None = None
    shape: Shape = Shape()
    predecessor: Text | None = None
    """Column that names the keys a feature came from, several by ``;``."""
    grid: Grid | None = None
    """Says that the features are the cells of a unit grid; their key is their code."""
    duty: Duty | None = None
    """Says that the rows give unit cells to duty grids."""

    @property
    def required(self) -> tuple[str, ...]:
        """Source columns that must be in the file."""
        return tuple(dict.fromkeys([*super().required, *(self.valid.columns if self.valid else ())]))

    @property
    def unkept(self) -> tuple[str, ...]:
        """Source columns that are read and not kept."""
        return (*super().unkept, *(self.valid.columns if self.valid else ()))


def _check_formats(formats: tuple[str, ...], zone: str | None) -> None:
    for one in formats:
        check_format(one)
    if zone is not None:
        Zone(zone)


def _check_storable(name: str) -> None:
    if stored_name(name).lower().startswith("st_"):
        raise InvalidInput(
            "reserved-column",
            f"column {name!r}: the prefix st_ is stcloud's own",
            hint="declare a rename for it",
        )


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            proposals = nearest(str(fault["loc"][-1]), _keys(fault["loc"][:-1]))
            hint = f"; did you mean '{proposals[0]}'?" if proposals else ""
            yield f"{where}: unknown key{hint}"
        else:
            said = fault["msg"].removeprefix("Value error, ")
            yield f"{where}: {said}" if where else said


def _keys(place: tuple[int | str, ...]) -> tuple[str, ...]:
    models: dict[str, type[BaseModel]] = {
        "read": Reading, "time": Time, "space": Space, "columns": Column, "valid": Valid, "shape": Shape,
        "grid": Grid, "duty": Duty,
    }  # fmt: skip
    if place:
        return tuple(models.get(str(place[0]), Definition).model_fields)
    return tuple({**EventDefinition.model_fields, **FeatureDefinition.model_fields})


def _toml(document: dict[str, Any], path: str = "") -> Iterator[str]:
    """Write the few shapes that a definition has: plain values first, then tables."""
    for key, value in document.items():
        if not isinstance(value, dict):
            yield f"{_key(key)} = {_quoted(value)}"
    for key, value in document.items():
        if isinstance(value, dict):
            name = f"{path}.{_key(key)}" if path else _key(key)
            if any(not isinstance(inner, dict) for inner in value.values()) or not value:
                yield f"\n[{name}]"
            yield from _toml(value, name)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(value: Any) -> str:
    """Write a value as TOML; it differs from JSON in one character that must be escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
