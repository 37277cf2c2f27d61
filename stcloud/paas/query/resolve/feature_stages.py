"""Stages that give rows of features: what was there in a window of valid time, as believed at an instant.

Tested by `tests/conformance/test_features.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shapely.geometry.base import BaseGeometry

from stcloud.daas.table.feature import Ends, row_files
from stcloud.iaas.engine.model import Fetch, Files, Meets, Refine, Relation, Sift, Sql, Stage
from stcloud.iaas.table.table import File, Snapshot
from stcloud.paas.query.condition.area import TouchesArea
from stcloud.paas.query.condition.known import KnownByEnds
from stcloud.paas.query.plan.resolved import Writing
from stcloud.paas.query.resolve.valid_rows import SIFTED, ValidRows
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import Binder, instant
from stcloud.paas.query.sql.tree import column

__all__ = ["Window", "beliefs", "relations_of", "stages_of"]

_FROM = "FROM layer LEFT JOIN ends ON layer.st_row = ends.st_row WHERE NOT layer.st_key IS NULL"
_UNTIL = "COALESCE(layer.st_recorded_to, ends.st_recorded_to)"
_SELECT = f"SELECT {_UNTIL} AS st_recorded_to"
_ORDER = "layer.st_recorded_from, layer.st_valid_from, layer.st_key"
_VALID = "layer.st_valid_from < $before AND (layer.st_valid_to IS NULL OR layer.st_valid_to > $after)"
_WANTED = "layer.st_key IN (SELECT wanted.st_key FROM wanted)"


@dataclass(frozen=True, slots=True)
class Window:
    """When features were there, and what was believed of it.

    Parameters
    ----------
    after_us, before_us
        Valid at some instant of ``[after_us, before_us)``, UTC microseconds.
    known
        What was believed of it.
    """

    after_us: int
    before_us: int
    known: KnownByEnds

    @property
    def values(self) -> dict[str, Any]:
        """What statements bind."""
        return {"before": instant(self.before_us), "after": instant(self.after_us)}


def relations_of(snapshot: Snapshot, ends: Ends) -> dict[str, Relation]:
    """Return what ``layer`` and ``ends`` mean in statements."""
    return {"layer": Files(snapshot, tuple(row_files(snapshot))), "ends": ends.table()}


def stages_of(names: Sequence[str], window: Window, areas: Sequence[BaseGeometry] = ()) -> list[Stage]:
    """Return the stages that give rows that were there, in no order; all areas touch them.

    Parameters
    ----------
    names
        Columns that are wanted.
    window
        When they were there, and what was believed of it.
    areas
        In the city's CRS; their edges count.
    """
    if not areas:
        query, values = _believed(_selected(f"{_SELECT} {_FROM} AND {_VALID}", names), window.known)
        return [Sql(query, {**window.values, **values})]
    touching = [TouchesArea(area) for area in areas]
    valid = [ValidRows(condition, window.after_us, window.before_us, window.known) for condition in touching]
    return [_near(valid[0], names, window), *(Refine(valid_rows) for valid_rows in valid)]


def beliefs(names: Sequence[str], known: KnownByEnds | None) -> Sql:
    """Return the statement that gives all versions of the features that ``wanted`` names, by time.

    Parameters
    ----------
    names
        Columns that are wanted.
    known
        Only what was believed then; None: all that ever was.
    """
    query = _selected(f"{_SELECT} {_FROM} AND {_WANTED} ORDER BY {_ORDER}", names)
    return Sql(query, {}) if known is None else Sql(*_believed(query, known))


def _believed(query: exp.Query, known: KnownByEnds) -> tuple[exp.Query, dict[str, Any]]:
    """Keep what was believed. Its end came later: it was not known then, and is null."""
    binder = Binder("known")
    query.where(*known.sql(Writing(binder, "layer")), copy=False)
    unknown = exp.cast(exp.null(), "timestamptz").as_("st_recorded_to")
    shown = [unknown if column.alias_or_name == "st_recorded_to" else column for column in query.expressions]
    query.set("expressions", shown)
    return query, dict(binder.values)


def _near(valid: ValidRows, names: Sequence[str], window: Window) -> Fetch:
    """Fetch what may touch an area and may have been there; ends that rows do not hold themselves count later."""
    west, south, east, north = valid.touching.area.bounds
    needed = tuple(dict.fromkeys((*names, *SIFTED, "st_geom")))

    def written() -> Sql:
        writing = Writing(Binder("known"), "layer")
        query = _parsed(f"SELECT 1 FROM layer WHERE {_VALID}")  # noqa: S608
        query.set("expressions", [column(name, "layer") for name in needed])
        query.where(*valid.touching.sql(writing), *valid.known.own_sql(writing), copy=False)
        return Sql(query, {**window.values, **writing.binder.values})

    ranges: Mapping[str, tuple[float, float]] = {
        "st_xmin": (-math.inf, east), "st_xmax": (west, math.inf),
        "st_ymin": (-math.inf, north), "st_ymax": (south, math.inf),
    }  # fmt: skip

    def wants(file: File) -> bool:
        return all(file.may_hold(name, low, high) for name, (low, high) in ranges.items())

    sift = Sift(SIFTED, valid.passes)
    return Fetch(
        "layer", needed, written, wants, SIFTED, {name: _within(*ends) for name, ends in ranges.items()}, sift
    )


def _within(low: float, high: float) -> Meets:
    return lambda least, greatest: (least <= high) & (greatest >= low)


def _selected(text: str, names: Sequence[str]) -> exp.Query:
    """Parse a statement of ours and let it select the columns wanted."""
    query = _parsed(text)
    until = query.expressions[0]
    query.set("expressions", [until if name == "st_recorded_to" else column(name, "layer") for name in names])
    return query


def _parsed(text: str) -> exp.Query:
    """Return a statement of ours, a new copy each time: parsing takes longer than running it on few rows."""
    return _parse(text).copy()


@lru_cache(64)
def _parse(text: str) -> exp.Query:
    import sqlglot  # noqa: PLC0415  (slow to import)

    return sqlglot.parse_one(text, dialect="duckdb")  # type: ignore[return-value]
