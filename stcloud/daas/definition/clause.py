"""Clauses of a definition: how a file is written, what its columns are, when and where its rows are.

Tested by `tests/daas/definition/test_definition.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from stcloud.daas.definition.document import writable
from stcloud.errors import InvalidDefinition, StcloudError, nearest
from stcloud.iaas.bundle import code_tables
from stcloud.space import Datum, read_crs
from stcloud.time import Zone, check_format

__all__ = [
    "Closed",
    "ColumnClause",
    "DutyClause",
    "GridClause",
    "OriginClause",
    "ReadClause",
    "ShapeClause",
    "SpaceClause",
    "Text",
    "TimeClause",
    "TimeColumns",
    "ValidClause",
    "definition_faults",
]

Text = Annotated[str, Field(min_length=1)]
_EITHER = "class-"
"""Beginning of the name of a table of codes of both kinds."""


class Closed(BaseModel):
    """A frozen value that has no other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _writable(cls, given: Any) -> Any:
        return writable(given)


class OriginClause(Closed):
    """Whose layer it is: it was received from another city, and is read only here. Receiving writes it."""

    city: Text
    layer: Text
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")] | None = None
    """The Ed25519 key that signs its packages, base64; None: they need no signature."""


class ReadClause(Closed):
    """How the file is written: format (by its name when absent), encoding, delimiter, layer."""

    format: Literal["csv", "json", "vector", "parquet"] | None = None
    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    layer: str | None = None


class TimeColumns(Closed):
    """Columns of integers that together are the time of an event, on the clock of its zone."""

    year: Text
    month: Text
    day: Text
    hour: Text | None = None
    minute: Text | None = None
    second: Text | None = None

    @property
    def by_field(self) -> dict[str, str]:
        """Column by field, those that are named."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class TimeClause(Closed):
    """Column with the time of an event, its formats and its zone (None: the city's); or several columns of integers.

    ``end`` is the column with the end of the event (exclusive), if it has one. ``null`` are words for a missing
    time, ``open`` words for an end that is not known yet; they match the same instant in other formats, too.
    """

    columns: TimeColumns | None = None
    column: Annotated[Text | None, Field(validate_default=True)] = None
    formats: Annotated[tuple[Text, ...], Field(min_length=1)] = ("iso",)
    zone: str | None = None
    end: Text | None = None
    null: tuple[Text, ...] = ()
    open: tuple[Text, ...] = ()

    @field_validator("column")
    @classmethod
    def _named_once(cls, column: str | None, info: ValidationInfo) -> str | None:
        several = info.data.get("columns")
        if column is None and several is None and "columns" in info.data:
            raise ValueError("Field required")
        if column is not None and several is not None:
            raise ValueError("the time is in one column, or in several: name column or columns")
        return column

    @model_validator(mode="after")
    def _readable(self) -> Self:
        _check_formats(self.formats, self.zone)
        if self.open and self.end is None:
            raise ValueError("open says which ends are not known; name the column of the end")
        return self

    def nothing(self, name: str) -> tuple[str, ...]:
        """Return the words that mean no time in a column."""
        return (*self.null, *(self.open if name == self.end else ()))

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that together are the time."""
        several = tuple(self.columns.by_field.values()) if self.columns else ()
        return (self.column,) if self.column else several


def _halves(space: SpaceClause) -> tuple[str, str]:
    """Return the coordinate that is named, and the other one that is not."""
    pair = ("lon", "lat") if space.lon or space.lat else ("x", "y")
    given, lacking = pair if getattr(space, pair[0]) else pair[::-1]
    return given, lacking


class SpaceClause(Closed):
    """Which columns tell where: ``lon``/``lat`` in degrees, ``x``/``y`` in ``crs``, or one geometry column.

    ``none``: features that have no place, such as who is responsible for what.
    """

    lon: Text | None = None
    lat: Text | None = None
    x: Text | None = None
    y: Text | None = None
    column: Text | None = None
    encoding: Literal["wkt", "wkb", "lat-lon", "lon-lat"] = "wkt"
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
            given, lacking = _halves(self)
            raise ValueError(f"{given} is named without {lacking}: a place needs both")
        if self.lon is None and self.crs is None and not self.holds_pairs:
            raise ValueError("crs must be declared for x and y or a geometry column; it is never guessed")
        return self

    @model_validator(mode="after")
    def _in_degrees(self, info: ValidationInfo) -> Self:
        """Refuse a CRS that cannot be read, or that columns or datum do not fit."""
        if self.none or (info.context or {}).get("checked"):
            return self
        in_degrees = not self.crs or read_crs(self.crs).is_geographic
        if self.holds_pairs and not in_degrees:
            raise ValueError(f"crs {self.crs} is not in degrees, as pairs of latitude and longitude are")
        if self.lon is not None and not in_degrees:
            raise ValueError(f"crs {self.crs} is not in degrees; name its columns x and y")
        if self.datum in (Datum.GCJ02, Datum.BD09) and not in_degrees:
            raise ValueError(f"datum {self.datum} shifts degrees; crs {self.crs} is not in degrees")
        return self

    @property
    def holds_pairs(self) -> bool:
        """Whether the column holds latitude and longitude, in the stated order."""
        return self.column is not None and self.encoding in ("lat-lon", "lon-lat")

    @property
    def datum_is_declared(self) -> bool:
        """Whether the datum was stated, be it the one that goes without saying."""
        return "datum" in self.model_fields_set

    @property
    def declared_crs(self) -> str:
        """CRS of the coordinates as they are written."""
        return self.crs or "OGC:CRS84"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that tell where."""
        return tuple(name for name in (self.lon, self.lat, self.x, self.y, self.column) if name)


class ColumnClause(Closed):
    """Declaration of one column; a column without one is text.

    ``values`` maps texts of the file to texts to keep; ``otherwise`` decides about texts that it does not list.
    ``codes`` is the table of classes whose codes the column holds: people read their names. ``kind_column`` says of
    each row whether its code is of a component or of a matter, where the table is ``class-`` of an edition.
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
    codes: Text | None = None
    kind_column: Text | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        _check_formats(self.formats, self.zone)
        return self

    @model_validator(mode="after")
    def _coded(self) -> Self:
        if self.codes is not None:
            _check_codes(self.codes, self.type)
        if self.kind_column is not None and not (self.codes or "").startswith(_EITHER):
            raise ValueError(f"kind_column belongs to codes of both kinds, such as {_EITHER}2026")
        return self


class ValidClause(Closed):
    """Source of the valid period of features: columns of each row, or the file's name.

    ``file`` is a pattern of the file's name without its suffix, e.g. ``"communities_%Y-%m-%d"``, for the
    instant of a snapshot. ``inclusive`` means that the end is the last day, not the first day after it.
    ``null`` and ``open`` are as in `TimeClause`.
    """

    start: Annotated[Text | None, Field(alias="from")] = None
    end: Annotated[Text | None, Field(alias="to")] = None
    formats: Annotated[tuple[Text, ...], Field(min_length=1)] = ("iso",)
    zone: str | None = None
    inclusive: bool = False
    file: Text | None = None
    null: tuple[Text, ...] = ()
    open: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _readable(self) -> Self:
        _check_formats(self.formats, self.zone)
        if self.file is not None:
            check_format(self.file)
        if (self.start is None) == (self.file is None):
            raise ValueError("name the column that a period is from, or the file's pattern")
        if self.end is not None and self.start is None:
            raise ValueError("a period has a column it is from before it has one it is to")
        if self.open and self.end is None:
            raise ValueError("open says which ends are not known; name the column it is to")
        return self

    def nothing(self, name: str) -> tuple[str, ...]:
        """Return the words that mean no time in a column."""
        return (*self.null, *(self.open if name == self.end else ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of a row with its period."""
        return tuple(name for name in (self.start, self.end) if name)


class ShapeClause(Closed):
    """What geometry a feature may have, and what becomes of an invalid one.

    ``tolerance_m``: geometries that differ by less are the same, metres.
    """

    invalid: Literal["repair", "reject"] = "repair"
    kinds: tuple[Literal["Point", "LineString", "Polygon"], ...] = ()
    tolerance_m: Annotated[float, Field(ge=0)] = 0.001


class GridClause(Closed):
    """What makes a layer of features a unit grid: its code scheme, and what its cells should be like.

    ``scheme``: name of a bundled code scheme; ``target_area_m2``: of a cell; ``tolerance_m``: edges that differ by
    less are one.
    """

    scheme: Text = "unit-grid-15"
    target_area_m2: Annotated[float, Field(gt=0)] = 10_000.0
    tolerance_m: Annotated[float, Field(gt=0)] = 0.001


class DutyClause(Closed):
    """Which columns say that a cell of the unit grid belongs to a duty grid."""

    grid: Text = "duty"
    unit: Text = "unit"


@contextlib.contextmanager
def definition_faults(name: str, keys: Callable[[tuple[int | str, ...]], Iterable[str]]) -> Iterator[None]:
    """Tell all faults of a document that is read inside, each in a line: where, and what.

    Parameters
    ----------
    name
        What to call the document, e.g. its file name.
    keys
        Gives the keys that are known at a place, for proposals.

    Raises
    ------
    InvalidDefinition
        ``not-toml`` with the line; ``invalid-definition`` with every fault.
    """
    try:
        yield
    except ValidationError as error:
        raise InvalidDefinition("invalid-definition", name, faults=_faults(error, keys)) from error
    except StcloudError:
        raise
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits, too
        raise InvalidDefinition("not-toml", f"{name} is not TOML: {error}") from error


def _faults(error: ValidationError, keys: Callable[[tuple[int | str, ...]], Iterable[str]]) -> Iterator[str]:
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            proposals = nearest(str(fault["loc"][-1]), keys(fault["loc"][:-1]))
            message = "unknown key" + (f"; did you mean '{proposals[0]}'?" if proposals else "")
        yield f"{where}: {message}" if where else message


def _check_codes(codes: str, kind: str) -> None:
    """Refuse a table of codes that there is not; ``class-`` of an edition is that of components and of matters."""
    tables = code_tables()
    known = sorted({*tables, *(f"{_EITHER}{name.rpartition('-')[2]}" for name in tables)})
    if codes not in known:
        raise ValueError(f"there is no table of codes '{codes}': it is one of {', '.join(known)}")
    if kind != "text":
        raise ValueError(f"codes are text, and the type of the column is {kind}")


def _check_formats(formats: tuple[str, ...], zone: str | None) -> None:
    for form in formats:
        check_format(form)
    if zone is not None:
        Zone(zone)
