"""As-of join: a table of events, and beside each the features that were its partners."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from stcloud.daas.table.feature import instants, micros
from stcloud.daas.table.timeline import ALWAYS, FOREVER, Ints
from stcloud.errors import InvalidInput
from stcloud.index.asof import AsOfIndex
from stcloud.index.search import Pairs
from stcloud.paas.query.join.how import How

__all__ = ["asof_join", "held_by"]

Columns: TypeAlias = Callable[[Ints], pa.Table]

_NONE = -1


def asof_join(
    events: pa.Table,
    partners: AsOfIndex,
    how: How,
    *,
    layer: str,
    content: pa.Table | Columns | None = None,
    inner: bool = False,
    at_us: int | None = None,
    workers: int = 2,
    versioned: bool = True,
) -> pa.Table:
    """Return each event with the features that were its partners at its own instant.

    Parameters
    ----------
    events
        Rows with ``st_x``, ``st_y`` (metres in the partners' CRS, null: without a place) and ``st_time``.
    partners
        The versions of a feature layer.
    how
        Which are partners.
    layer
        Name of the layer, for names of columns.
    content
        The versions' own columns, in the order they were given to `AsOfIndex.of`; or what gives those of some
        versions by position, -1 for a row of nulls.
    inner
        Leave out events without a partner.
    at_us
        Ask for partners at this instant for all events, UTC microseconds.
    workers, versioned
        Threads; whether partners have keys and periods that people know.

    Returns
    -------
    The events' columns, then, if ``versioned``, ``LAYER_key``, ``LAYER_valid_from``, ``LAYER_valid_to`` (null: open),
    where the way of joining measures ``LAYER_distance_m``, and ``LAYER_NAME`` for each column of the content. Several
    partners give several rows; rows are in the order of events, then as the index has them.

    Raises
    ------
    InvalidInput
        ``repeated-column``: two columns would have one name; ``columns-differ``; and as `AsOfIndex` raises.

    Notes
    -----
    Unless ``inner``, every event is there at least once, with nulls where it has no partner.
    """
    if isinstance(content, pa.Table) and len(content) != len(partners):
        raise InvalidInput("columns-differ", f"{len(partners)} versions, content of {len(content)}")
    happened = micros(events["st_time"], FOREVER) if at_us is None else np.int64(at_us)
    pairs = how.pairs(partners, _metres(events, "st_x"), _metres(events, "st_y"), happened, workers=workers)
    event, version = (pairs.event, pairs.version) if inner else _kept(pairs, len(events))
    beside = _beside(_own(partners, events.schema) if versioned else {}, pairs, version, content)
    names = [*events.schema.names, *(f"{layer}_{name}" for name, _ in beside)]
    _refuse_repeated(names)
    whole = len(event) == len(events) and bool((event[1:] > event[:-1]).all())
    rows = events if whole else events.take(pa.array(event))
    return pa.Table.from_arrays([*rows.columns, *(column for _, column in beside)], names)


def held_by(
    rows: pa.Table | pa.RecordBatch, partners: AsOfIndex, *, at_us: int | None = None, workers: int = 2
) -> pa.DictionaryArray:
    """Return the key of the area that held each event at its own instant: events are counted by features so.

    Parameters
    ----------
    rows, at_us, workers
        As the events of `asof_join`.
    partners
        The versions of a layer of areas; made ready, they travel to where the rows are.

    Returns
    -------
    ``(n,)`` text, dictionary-encoded, as `AsOfIndex.keys_of`.

    Examples
    --------
    >>> from shapely import box
    >>> rows = pa.table({"st_x": [1.0, 7.0], "st_y": [1.0, 7.0], "st_time": pa.array([4, 4], pa.timestamp("us"))})
    >>> held_by(rows, AsOfIndex.of(["a"], [0], [9], [box(0, 0, 2, 2)])).to_pylist()
    ['a', None]
    """
    happened = micros(rows.column("st_time"), FOREVER) if at_us is None else np.int64(at_us)
    return partners.keys_of(_metres(rows, "st_x"), _metres(rows, "st_y"), happened, workers=workers)


def _kept(pairs: Pairs, count: int) -> tuple[Ints, Ints]:
    """Return events and versions with every event at least once, `_NONE` where there is no version."""
    counts = np.bincount(pairs.event, minlength=count)
    times = np.maximum(counts, 1)
    version = np.full(times.sum(), _NONE, np.int64)
    version[np.repeat(counts > 0, times)] = pairs.version
    return np.repeat(np.arange(count), times), version


def _own(partners: AsOfIndex, events: pa.Schema) -> dict[str, pa.Array]:
    instant = events.field("st_time").type
    return {
        "key": partners.versions.key,
        "valid_from": instants(partners.versions.start_us, ALWAYS).cast(instant),
        "valid_to": instants(partners.versions.end_us, FOREVER).cast(instant),
    }


def _beside(
    own: Mapping[str, pa.Array], pairs: Pairs, version: Ints, content: pa.Table | Columns | None
) -> list[tuple[str, pa.Array | pa.ChunkedArray]]:
    lone = version == _NONE
    rows = pa.array(version, mask=lone)
    columns = [(name, column.take(rows)) for name, column in own.items()]
    if pairs.distance_m is not None:
        metres = np.full(len(version), np.nan)
        metres[~lone] = pairs.distance_m
        columns.append(("distance_m", pa.array(metres, mask=lone)))
    if content is None:
        return columns
    beside = content.take(rows) if isinstance(content, pa.Table) else content(version)
    return [*columns, *zip(beside.schema.names, beside.itercolumns(), strict=True)]


def _metres(events: pa.Table | pa.RecordBatch, name: str) -> np.ndarray:
    metres: np.ndarray = events.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return metres


def _refuse_repeated(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InvalidInput(
            "repeated-column", f"two columns would be named {', '.join(repeated)}",
            hint="leave out one of them, or join under another name",
        )  # fmt: skip
