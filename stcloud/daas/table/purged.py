"""Rows without what is purged: files written anew without the rows of some keys, or without values in them.

Tested by `tests/daas/purge/test_purge.py` and `tests/properties/test_purge.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.chain import RowsDigest
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.digest import digest_rows
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["PurgedFiles", "expired_values", "purged_files", "restated_digests", "without_values"]

_KEY, _DIGEST, _FROM = "st_key", "st_digest", "st_recorded_from"
_SALT = "purged"
_CONTENT = ("st_key", "st_time", "st_time_to", "st_x", "st_y", "st_geom")
"""Columns of ours that are made of what a row's source said."""


@dataclass(frozen=True, slots=True, eq=False)
class PurgedFiles:
    """Files of a table that are written anew, and what they no longer hold.

    Attributes
    ----------
    add, remove
        Files that become visible, and files that no longer are.
    versions
        How many rows of the table were removed, or lost a value.
    keys
        Their keys, each once.
    numbers
        Numbers of the rows that were removed, where the kind numbers its rows.
    since_us
        The earliest recorded instant of these rows, UTC microseconds; None: there are none.
    until_us
        The latest instant at which one of them was still so; None: for one no end is known.
    taken, given
        Digests of the rows that were removed or changed, before and after, by recorded instant.
    """

    add: Sequence[Written] = ()
    remove: Sequence[File] = ()
    versions: int = 0
    keys: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    numbers: Sequence[int] = ()
    since_us: int | None = None
    until_us: int | None = None
    taken: Mapping[int, RowsDigest] = field(default_factory=dict)
    given: Mapping[int, RowsDigest] = field(default_factory=dict)


def purged_files(
    snapshot: Snapshot,
    files: Iterable[File],
    keys: pa.Array,
    columns: Sequence[str],
    times: tuple[str, str],
    write: Callable[[File, Iterable[pa.Table]], Written | None] | None,
    *,
    lasting: bool,
    number: str | None = None,
) -> PurgedFiles:
    """Write the files anew that hold rows of some keys.

    Parameters
    ----------
    snapshot, files
        A version of a table, and those of its files that hold rows.
    keys, columns
        Whose rows; the stored columns that become null in them, none: the rows go.
    times
        Columns of the instants at which a row begins to be so, and at which it ends.
    write
        Writes pieces of rows as a file that is to stand for one; None: nothing is written, only counted.
    lasting
        Whether a row without an end is so for ever, or else at the instant at which it begins.
    number
        Column that numbers rows.
    """
    add: list[Written] = []
    remove: list[File] = []
    parts: list[pa.Table] = []
    given: dict[int, RowsDigest] = {}
    names = list(dict.fromkeys((_KEY, _DIGEST, _FROM, *times, *([number] if number else []))))
    low, high = (pc.min(keys).as_py(), pc.max(keys).as_py()) if len(keys) else (None, None)
    for file in files if len(keys) else ():
        if not file.may_hold(_KEY, low, high) or (columns and all(map(file.all_null, columns))):
            continue
        looked_at = [_KEY, *(name for name in columns if name in snapshot.schema.names)]
        if not any(pc.any(_hit(rows, keys, columns)).as_py() for rows in snapshot.pieces(file, looked_at)):
            continue
        remove.append(file)
        left = _left(snapshot.pieces(file), keys, columns, names, parts, given)
        written = write(file, left) if write is not None else None
        add += [written] if written is not None else []
        for _ in left:  # what no writer took is counted
            pass
    if not parts:
        return PurgedFiles()
    gone = pa.concat_tables(parts)
    since = pc.min(gone[_FROM].cast(pa.int64())).as_py()
    numbers = gone[number].to_pylist() if number and not columns else ()
    return PurgedFiles(
        add, remove, len(gone), pc.unique(gone[_KEY]), numbers, since, _until(gone, times, lasting),
        _digests(gone), given,
    )  # fmt: skip


def _left(
    pieces: Iterable[pa.Table],
    keys: pa.Array,
    columns: Sequence[str],
    names: Sequence[str],
    parts: list[pa.Table],
    given: dict[int, RowsDigest],
) -> Iterator[pa.Table]:
    """Give what a purge leaves of a file; note what it takes, and the digests of rows that stay without values."""
    for rows in pieces:
        hit = _hit(rows, keys, columns)
        parts.append(rows.filter(hit).select(names))
        left = without_values(rows, hit, columns) if columns else rows.filter(pc.invert(hit))
        if columns:
            _add(given, _digests(left.filter(hit)))
        if len(left):
            yield left


def restated_digests(stated: Mapping[int, str], purged: PurgedFiles) -> dict[str, str]:
    """Return the digests of rows of earlier loads as a purge leaves them, by recorded instant.

    ``stated`` is what was stated before; of loads of older versions nothing was.
    """
    restated = {}
    for at_us, taken in sorted(purged.taken.items()):
        if at_us in stated:
            left = RowsDigest.read(stated[at_us]) - taken + purged.given.get(at_us, RowsDigest())
            restated[str(at_us)] = left.text
    return restated


def without_values(rows: pa.Table, hit: pa.ChunkedArray, columns: Sequence[str]) -> pa.Table:
    """Return rows with nulls in some columns where ``hit``, and there with a digest of what is left.

    The digest of the source row is made of the removed values too, so it goes with them.
    """
    for name in columns:
        place = rows.schema.get_field_index(name)
        if place >= 0:
            kept = pc.if_else(hit, pa.scalar(None, rows.schema.field(place).type), rows[name])
            rows = rows.set_column(place, rows.schema.field(place), kept)
    place = rows.schema.get_field_index(_DIGEST)
    digests = pc.if_else(hit, _content_digests(rows), rows[_DIGEST])
    return rows.set_column(place, rows.schema.field(place), digests)


def expired_values(rows: pa.RecordBatch, over: NDArray[np.bool_], columns: Sequence[str]) -> pa.RecordBatch:
    """Return rows that are loaded without the values that a purge removed, where they are ``over``."""
    table = pa.table(rows)
    hit = pc.and_(_held(table, columns), pa.chunked_array([pa.array(over)]))
    if not len(table) or not pc.any(hit).as_py():
        return rows
    (batch,) = without_values(table, hit, columns).combine_chunks().to_batches()
    return batch


def _content_digests(rows: pa.Table) -> pa.Array:
    """Return digests of what rows hold, whatever it was read from."""
    names = [name for name in rows.schema.names if not name.startswith("st_") or name in _CONTENT]
    columns = [_as_text(rows[name]) for name in names]
    batch = pa.RecordBatch.from_arrays(columns, names)
    return digest_rows(batch, _SALT)


def _as_text(column: pa.ChunkedArray) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    column = column if pa.types.is_binary(kind) else column.cast(pa.string())
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _hit(rows: pa.Table, keys: pa.Array, columns: Sequence[str]) -> pa.ChunkedArray:
    """Return which rows are of the keys and hold one of the values that are to go."""
    hit = pc.is_in(rows[_KEY], keys)
    return pc.and_(hit, _held(rows, columns)) if columns else hit


def _held(rows: pa.Table, columns: Sequence[str]) -> pa.ChunkedArray:
    """Return which rows have a value in one of some columns."""
    held = pa.chunked_array([pa.array(np.zeros(len(rows), np.bool_))])
    for name in columns:
        if name in rows.schema.names:
            held = pc.or_(held, pc.is_valid(rows[name]))
    return held


def _until(gone: pa.Table, times: tuple[str, str], lasting: bool) -> int | None:  # noqa: FBT001
    start, end = (gone[name].cast(pa.int64()) for name in times)
    if not lasting:
        end = pc.coalesce(end, start)
    return None if end.null_count else pc.max(end).as_py()


def _digests(rows: pa.Table) -> dict[int, RowsDigest]:
    recorded = rows[_FROM].cast(pa.int64())
    return {
        at_us: RowsDigest.of(rows[_DIGEST].filter(pc.equal(recorded, at_us)))
        for at_us in pc.unique(recorded).to_pylist()
    }


def _add(digests: dict[int, RowsDigest], more: Mapping[int, RowsDigest]) -> None:
    for at_us, digest in more.items():
        digests[at_us] = digests.get(at_us, RowsDigest()) + digest
