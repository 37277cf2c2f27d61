"""Drafts: a definition derived from a file and from options. What is not certain is refused, not guessed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from stcloud.daas.definition import (
    Definition,
    EventDefinition,
    FeatureDefinition,
    ReadClause,
    SpaceClause,
    TimeClause,
)
from stcloud.daas.load.column import plain, trimmed
from stcloud.daas.load.draft_pairs import space_of_pairs
from stcloud.daas.load.draft_types import types_of_rows
from stcloud.daas.load.geometry_text import Encoding, geometry_columns
from stcloud.daas.load.peek import PeekedSource
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.iaas.source.protocol import GEOMETRY, Reading, Source, declared_types, geometry_column
from stcloud.iaas.source.sourcefile import SourceFile
from stcloud.iaas.store.folder import check_name
from stcloud.space import Datum, crs_text
from stcloud.time import Zone, read_stamps

__all__ = ["Drafted", "Options", "draft", "typed_draft"]

_FORMATS = (
    "iso",
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y%m%d%H%M%S", "%Y%m%d",
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y",
    "%d/%m/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M %p", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
)  # fmt: skip
Given: TypeAlias = Path | SourceFile
_ENOUGH = 0.9
_LISTS = ("key", "time_formats")


@dataclass(frozen=True, slots=True)
class Drafted:
    """A definition, and whether it was derived from options instead of saved or given."""

    definition: Definition
    fresh: bool


@dataclass(frozen=True, slots=True)
class Options:
    """What a user states of a file; the options of `stcloud load` and `stcloud define`."""

    key: tuple[str, ...] = ()
    time: str | None = None
    time_formats: tuple[str, ...] = ()
    lon: str | None = None
    lat: str | None = None
    x: str | None = None
    y: str | None = None
    crs: str | None = None
    zone: str | None = None
    datum: str | None = None
    encoding: str | None = None
    source_layer: str | None = None
    source_format: str | None = None
    mover: str | None = None

    @classmethod
    def of(cls, keywords: Mapping[str, Any]) -> Options:
        """Make them of the keywords of a call, other ones among them; None: not stated; a bare text is one name."""
        named = {field.name: keywords.get(field.name) for field in fields(cls)}
        stated = {name: value for name, value in named.items() if value is not None}
        lists = {
            name: (value,) if isinstance(value, str) else tuple(value)
            for name, value in stated.items()
            if name in _LISTS
        }
        texts = {"crs": crs_text(stated["crs"])} if "crs" in stated else {}
        return cls(**{**stated, **lists, **texts})

    @property
    def given(self) -> bool:
        """Whether any option is given that is of a definition."""
        return replace(self, source_format=None) != Options()

    @property
    def names_place(self) -> bool:
        """Whether some coordinate was named."""
        return any((self.lon, self.lat, self.x, self.y))

    def stated(self, named: Definition) -> Definition:
        """Return a definition that was named besides, with the CRS and datum that are stated of the file, if any.

        What a bundled definition says of them is an example: files come in many.

        Raises
        ------
        InvalidDefinition
            ``invalid-definition``: its columns cannot be in that CRS.
        """
        stated = {name: getattr(self, name) for name in ("crs", "datum") if getattr(self, name) is not None}
        if not stated or named.space.none:
            return named
        if "datum" in stated:
            stated["datum"] = read_datum(stated["datum"])
        space = named.space.model_copy(update=stated)
        changed = named.model_copy(update={"space": space})
        return named if changed == named else Definition.from_toml(changed.to_toml(), name=named.id)

    def refuse_other(self, saved: Definition, layer: str) -> None:
        """Refuse options that say something else than the layer's saved definition.

        Raises
        ------
        InvalidInput
            ``other-definition``.
        """
        read = saved.read
        kept: dict[str, Any] = {"key": saved.key, "encoding": read.encoding}
        if saved.row_time is not None:
            time = saved.row_time
            kept |= {"time": time.column, "time_formats": time.formats, "zone": time.zone}
        kept |= {name: getattr(saved.space, name) for name in ("lon", "lat", "x", "y", "crs")}
        kept["mover"] = getattr(saved, "mover", None)
        if self.datum is not None:
            read_datum(self.datum)
        kept["datum"] = saved.space.datum.value
        for name, before in kept.items():
            now = getattr(self, name)
            if now and now != before:
                flag = "--time-format" if name == "time_formats" else f"--{name}"
                had, has = (",".join(value) if isinstance(value, tuple) else value for value in (before, now))
                raise InvalidInput(
                    "other-definition", f"layer '{layer}' was defined with {flag} '{had or ''}', not '{has}'",
                    hint=f"leave the option out, or edit layers/{layer}.toml in the city's folder",
                )  # fmt: skip


def read_datum(text: str) -> Datum:
    """Return a datum by its name; `InvalidInput` ``unknown-datum``."""
    try:
        return Datum(text.lower().replace("-", "").replace("_", ""))
    except ValueError:
        known = ", ".join(Datum)
        raise InvalidInput("unknown-datum", f"there is no datum {text!r}", hint=f"use {known}") from None


def typed_draft(path: Given, options: Options, name: str | None = None) -> Definition:
    """Draft a definition to be edited: of events when a column of time is named, of features when only a key is.

    Returns
    -------
    As `draft`, with the types that hold for every row of the file: the whole of it is read.

    Raises
    ------
    InvalidInput, NotFound
        As `draft`.
    """
    made = draft(path, options, name, dated=options.time is None and bool(options.key))
    source = _opened(_file(path, options), made.read, made.key)
    columns = types_of_rows(source, {*made.required, *made.space.columns}, _FORMATS)
    try:
        return type(made).model_validate(made.model_dump(by_alias=True) | {"columns": columns})
    except ValidationError:  # a column whose name cannot be kept: its user says what to call it
        return made


def draft(path: Given, options: Options, name: str | None = None, *, dated: bool = False) -> Definition:
    """Draft a definition of a layer: of events when a column of time is named, else of features.

    Parameters
    ----------
    path
        The source file; its header and first rows are read.
    options
        What its user says.
    name
        The definition's id; default: made from the file's name.
    dated
        True when a valid period is stated, which only features have.

    Returns
    -------
    The definition. It declares no types: columns are text, or what a typed file has.

    Raises
    ------
    InvalidInput
        ``time-needed``, ``key-needed``, ``place-needed``, ``time-format-needed``: what must be stated, by option;
        ``two-kinds``: a time of events and a valid period.
    NotFound
        ``missing-column``: an option names a column that the file lacks.
    """
    check_name(name or "draft", "definition")
    reading = ReadClause(encoding=options.encoding or "utf-8", layer=options.source_layer)
    file = _file(path, options)
    source = PeekedSource(_opened(file, reading, options.key))
    _refuse_misnamed(source, options, file)
    if dated and options.time is not None:
        raise InvalidInput(
            "two-kinds", "--time makes a layer of events, --valid-from one of features",
            hint="leave out one of them",
        )  # fmt: skip
    if dated and options.mover is not None:
        raise InvalidInput(
            "two-kinds", "--mover says whose fix an event is, and features are no fixes",
            hint="leave it out, or name the --time of events",
        )  # fmt: skip
    if dated:
        return _features(file, source, options, reading, name)
    if options.time is None:
        raise InvalidInput(
            "time-needed",
            f"nothing says when the rows of {file.name} happened (columns: {', '.join(source.columns[:40])})",
            hint="name the column with --time, or for features the --key, and --valid-from to load them",
        )
    formats = options.time_formats or _formats(source, options.time, file)
    with _faults():
        return EventDefinition(
            id=name or _identifier(file),
            kind="event",
            key=options.key,
            mover=options.mover,
            read=reading,
            time=TimeClause(column=options.time, formats=formats, zone=options.zone),
            space=_space(source, options, file),
        )


def _refuse_misnamed(source: PeekedSource, options: Options, file: SourceFile) -> None:
    """Refuse a file without rows and columns, and options that name columns it lacks."""
    if source.bare:
        raise InvalidInput(
            "empty-source", f"{file.name} holds no rows, and no columns that a definition could be made of",
            hint="load a file that has some first, or name a definition",
        )  # fmt: skip
    places = (options.lon, options.lat, options.x, options.y)
    for column in (*options.key, options.time, *places, options.mover):
        if column is not None and column not in source.columns:
            present = ", ".join(source.columns[:40])
            raise NotFound(
                "missing-column",
                f"{file.path} has no column {column!r} (found: {present})",
                nearest=nearest(column, source.columns),
            )


def _file(path: Given, options: Options) -> SourceFile:
    return path if isinstance(path, SourceFile) else SourceFile.of(path, options.source_format)


def _opened(file: SourceFile, reading: ReadClause, keys: tuple[str, ...]) -> Source:
    return file.open(Reading(encoding=reading.encoding, layer=reading.layer, keys=keys))


def _features(
    file: SourceFile, source: Source, options: Options, reading: ReadClause, name: str | None
) -> FeatureDefinition:
    if not options.key:
        raise InvalidInput(
            "key-needed",
            f"nothing says what identifies a feature of {file.name} (columns: {', '.join(source.columns[:40])})",
            hint="name the column or columns with --key",
        )
    with _faults():
        return FeatureDefinition(
            id=name or _identifier(file),
            kind="feature",
            key=options.key,
            read=reading,
            space=_space(source, options, file),
        )


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    """Raise faults of options as one of our errors."""
    try:
        yield
    except ValidationError as error:
        faults = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        raise InvalidInput("invalid-definition", faults) from error


def _geometry(source: Source, file: SourceFile) -> tuple[str, Encoding] | None:
    """Return the column of geometry that a file declares, or the one whose texts are geometry."""
    declared = geometry_column(source)
    if declared is not None:
        return declared, "wkb"
    batch = next(iter(source.batches()), None)
    columns = geometry_columns(batch.rows) if batch else {}
    if GEOMETRY in source.columns:
        if GEOMETRY in columns:
            return GEOMETRY, columns[GEOMETRY]
        if batch is None or batch.rows.column(GEOMETRY).null_count == batch.rows.num_rows:
            return GEOMETRY, "wkt"
    if len(columns) > 1:
        raise InvalidInput(
            "place-needed", f"several columns of {file.name} hold geometry: {', '.join(columns)}",
            hint="name one as column under [space] of a definition",
        )  # fmt: skip
    return next(iter(columns.items()), None)


def _space(source: Source, options: Options, file: SourceFile) -> SpaceClause:
    datum: dict[str, Any] = {} if options.datum is None else {"datum": read_datum(options.datum)}
    declared = None if options.names_place else _geometry(source, file)
    if declared is not None:
        column, encoding = declared
        crs = options.crs or source.crs
        if crs is None:
            raise InvalidInput(
                "place-needed", f"{file.name} does not declare the CRS of its column {column!r}",
                hint="state it with --crs",
            )  # fmt: skip
        return SpaceClause(column=column, encoding=encoding, crs=crs, **datum)
    pairs = None if options.names_place else space_of_pairs(source, file.name, options.crs)
    if pairs is not None:
        return SpaceClause.model_validate(pairs | datum)
    if not options.names_place:
        raise InvalidInput(
            "place-needed",
            f"nothing says where the rows of {file.name} happened (columns: {', '.join(source.columns[:40])})",
            hint="name columns with --lon and --lat, or --x, --y and --crs",
        )
    try:
        return SpaceClause(
            lon=options.lon, lat=options.lat, x=options.x, y=options.y, crs=options.crs, **datum
        )
    except ValueError as error:
        lines = str(error).splitlines()
        raise InvalidInput(
            "place-needed", lines[1].strip().removeprefix("Value error, ").split(" [")[0]
        ) from error


def _formats(source: PeekedSource, column: str, file: SourceFile) -> tuple[str, ...]:
    """Find the one format that reads the first rows' times; a few unreadable ones do not count."""
    given = declared_types(source).get(column)
    if given is not None and given.type in ("instant", "date"):
        return ("iso",)
    _refuse_without_rows(source, file)
    values = pa.array([], pa.string())
    if source.first is not None:
        values = trimmed(plain(source.first.column(column))).drop_null()
    read = {form: int(read_stamps(values, [form], Zone("UTC")).valid.sum()) for form in _FORMATS}
    most = max(read.values())
    fitting = [form for form, count in read.items() if count == most and count > _ENOUGH * len(values)]
    if len(fitting) == 1:
        return (fitting[0],)
    example = repr(values[0].as_py()) if len(values) else "nothing"
    fault = f"may be read as {' or '.join(fitting)}" if fitting else "are in no format that is certain"
    raise InvalidInput(
        "time-format-needed", f"the times in {column!r} of {file.name} {fault} (first: {example})",
        hint=_format_hint(values),
    )  # fmt: skip


def _refuse_without_rows(source: PeekedSource, file: SourceFile) -> None:
    """Refuse a file of which no row can be read."""
    if source.empty:
        raise InvalidInput(
            "empty-source", f"{file.name} holds no rows that would tell the format of its times",
            hint="state it with --time-format, or load a file that has rows first",
        )  # fmt: skip
    if source.first is None:
        sample = source.refusals[0]
        raise InvalidInput(
            "malformed-rows", f"no row of {file.name} can be read: row {sample.row}: {sample.reason}",
            hint="mend the header or the rows: each row must have as many fields as the header",
        )  # fmt: skip


def _format_hint(values: pa.Array) -> str:
    for digits, form in ((13, "epoch-ms"), (10, "epoch-s")):
        like = pc.match_substring_regex(values, rf"^-?\d{{{digits}}}(\.0+)?$")
        if len(values) and pc.mean(like.cast(pa.float64())).as_py() > _ENOUGH:
            return f"they look like a count since 1970: state it with --time-format {form}"
    return "state it with --time-format, e.g. '%m/%d/%Y %H:%M', epoch-s or epoch-ms"


def _identifier(file: SourceFile) -> str:
    stem = re.sub(r"[^a-z0-9_-]+", "-", file.name.split(".")[0].lower()).strip("-_")
    return stem[:63] if re.match(r"[a-z]", stem) else f"layer-{stem}"[:63].rstrip("-")
