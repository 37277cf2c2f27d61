"""Hypothesis strategies for layer definitions: every key of the format, also with its default.

Tested by `tests/daas/definition/test_definition.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from stcloud.daas.definition import (
    ColumnClause,
    EventDefinition,
    ReadClause,
    SpaceClause,
    TimeClause,
    stored_name,
)
from stcloud.space import Datum

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["columns", "definitions", "names", "spaces"]

_FORMATS = (
    "iso",
    "epoch-s",
    "epoch-ms",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%y",
    "%Y年%m月%d日",
)
_ZONES = ("America/New_York", "Asia/Shanghai", "UTC")
_CRSS = ("EPSG:4326", "EPSG:4490", "EPSG:4548", "EPSG:2263", "ESRI:102696", "OGC:CRS84")
_DEGREES = ("EPSG:4326", "EPSG:4490", "OGC:CRS84")


def names() -> SearchStrategy[str]:
    """Draw names of columns: real ones, and any text that no rule forbids.

    Returns
    -------
    Strategy of texts of at least one character, none beginning with ``st_`` once stored.
    """
    real = st.sampled_from(
        ["Unique Key", "X Coordinate (State Plane)", "状态", 'say "when"', "a.b", "x\\y", " "]
    )
    any_name = _texts(min_size=1).filter(lambda name: not stored_name(name).lower().startswith("st_"))
    return real | any_name


def columns() -> SearchStrategy[ColumnClause]:
    """Draw what is declared of a column.

    Returns
    -------
    Strategy of columns.
    """
    return st.builds(
        ColumnClause,
        type=st.sampled_from(["text", "integer", "number", "boolean", "date", "instant"]),
        formats=_formats(),
        zone=_zones(),
        null=_some(_texts()),
        values=st.dictionaries(_texts(), _texts(), max_size=3),
        otherwise=st.sampled_from(["keep", "null", "refuse"]),
        optional=st.booleans(),
        rename=st.none() | names(),
        title=st.none() | _texts(),
        unit=st.none() | _texts(),
    )


@st.composite
def spaces(draw: st.DrawFn) -> SpaceClause:
    """Draw where the place is written: degrees, coordinates in a CRS, or one geometry column.

    Parameters
    ----------
    draw
        Given by Hypothesis.

    Returns
    -------
    A space; shifted datums are drawn with degrees only.
    """
    form = draw(st.sampled_from([("lon", "lat"), ("x", "y"), ("column",)]))
    clause: dict[str, Any] = {name: draw(names()) for name in form}
    clause["datum"] = draw(st.sampled_from(Datum))
    shifted = clause["datum"] in (Datum.GCJ02, Datum.BD09)
    crs = st.sampled_from(_DEGREES if shifted or form == ("lon", "lat") else _CRSS)
    clause["crs"] = draw(st.none() | crs) if form == ("lon", "lat") else draw(crs)
    if form == ("column",):
        clause["encoding"] = draw(st.sampled_from(["wkt", "wkb"]))
    return SpaceClause(**clause)


def definitions() -> SearchStrategy[EventDefinition]:
    """Draw valid definitions.

    Returns
    -------
    Strategy of definitions; their columns need not fit any file.
    """
    return _unmarked().flatmap(_marked)


def _marked(definition: EventDefinition) -> SearchStrategy[EventDefinition]:
    """Draw some of its columns as personal."""
    known = [*definition.required, *definition.columns]
    chosen = st.lists(st.sampled_from(known), max_size=2, unique=True)
    return chosen.map(lambda names: definition.model_copy(update={"personal": tuple(names)}))


def _unmarked() -> SearchStrategy[EventDefinition]:
    return st.builds(
        EventDefinition,
        id=st.from_regex(r"[a-z][a-z0-9_-]{0,62}", fullmatch=True),
        kind=st.just("event"),
        title=_texts(),
        source=_texts(),
        key=_some(names()),
        duplicates=st.sampled_from(["last", "first", "refuse"]),
        extra_columns=st.sampled_from(["keep", "ignore", "refuse"]),
        null=_some(_texts()),
        read=_readings(),
        time=st.builds(
            TimeClause, column=names(), formats=_formats(), zone=_zones(), end=st.none() | names()
        ),
        space=spaces(),
        columns=st.dictionaries(names(), columns(), max_size=3),
    )


def _readings() -> SearchStrategy[ReadClause]:
    return st.builds(
        ReadClause,
        format=st.sampled_from([None, "csv", "json", "vector", "parquet"]),
        encoding=st.sampled_from(["utf-8", "gb18030", "latin-1"]),
        delimiter=st.none() | _texts(min_size=1, max_size=1),
        layer=st.none() | _texts(),
    )


def _texts(*, min_size: int = 0, max_size: int = 8) -> SearchStrategy[str]:
    """Draw texts without lone surrogates, which TOML cannot hold, and DEL, which `to_toml` does not escape."""
    return st.text(
        st.characters(exclude_categories=["Cs"]),
        min_size=min_size,
        max_size=max_size,
    )


def _formats() -> SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(_FORMATS), min_size=1, max_size=3, unique=True).map(tuple)


def _zones() -> SearchStrategy[str | None]:
    return st.sampled_from([None, *_ZONES])


def _some(texts: SearchStrategy[str]) -> SearchStrategy[tuple[str, ...]]:
    return st.lists(texts, max_size=3).map(tuple)
