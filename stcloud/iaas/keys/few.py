"""Settle keys that fit into memory: the same outcome as `many.py`, without an engine.

Known rows are read file by file, and only those whose key came are kept: memory does not grow with the layer. A file
that was read before is read again only if it may have one of the keys by their hashes.

Tested by `tests/iaas/keys/test_keys.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.iaas.keys.hashes import KeyHashes, hashes_of
from stcloud.iaas.keys.settled import (
    CHANGED,
    NEW,
    NOT_RENUMBERED,
    SAME,
    DuplicateRule,
    KnownRows,
    Renumbered,
    Settled,
)
from stcloud.iaas.parquetstream import open_streamed
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.checksum import Checked, checked, each_file, parquet_errors, verify_columns

__all__ = ["settle_few"]

_BATCH_ROWS = 1 << 17
_HASHES = KeyHashes()


def settle_few(came: pa.Table, known: KnownRows, *, rule: DuplicateRule, compare: bool) -> Settled:
    """Return what becomes of rows ``(number, key, digest)``; see `Keys.settle`."""
    numbers = came["number"].to_numpy()
    key, digest = _whole(came["key"]), _whole(came["digest"])
    renumbered = NOT_RENUMBERED
    if rule == "keep":
        key, renumbered = _numbered(numbers, key, digest)
    encoded = key.dictionary_encode()
    keys, code = encoded.dictionary, encoded.indices.to_numpy()
    winner, times, differs = _winners(numbers, code, digest, first=rule == "first")
    file, equal, paths = _compared(known, keys, digest.take(pa.array(winner)))
    conflicting = differs & (rule in ("refuse", "keep"))
    new = ~conflicting & (file < 0)
    same = ~conflicting & (file >= 0) & equal & compare
    changed = ~(conflicting | new | same)
    refused = np.flatnonzero(conflicting[code])
    outcomes = np.zeros(int(numbers.max(initial=0)) + 1, np.uint8)
    for outcome, rows in ((NEW, new), (CHANGED, changed), (SAME, same)):
        outcomes[numbers[winner[rows]]] = outcome
    return Settled(
        outcomes,
        repeated=int((times[~conflicting] - 1).sum()),
        conflicting=dict(
            zip(numbers[refused].tolist(), key.take(pa.array(refused)).to_pylist(), strict=True)
        ),
        superseded={
            Path(paths[place]).name: keys.take(pa.array(np.flatnonzero(changed & (file == place))))
            for place in np.unique(file[changed]).tolist()
        },
        renumbered=renumbered,
    )


def _numbered(numbers: NDArray[np.int64], key: pa.Array, digest: pa.Array) -> tuple[pa.Array, Renumbered]:
    """Give each row but the first of its key, by digest, a key of its own."""
    code = key.dictionary_encode().indices.to_numpy()
    order = np.lexsort((numbers, _ranks(digest), code))
    first = np.flatnonzero(_begins(code[order]))
    run = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    place = np.empty(len(order), np.int64)
    place[order] = run + 1
    several = np.flatnonzero(place > 1)
    several = several[np.argsort(numbers[several])]
    if not len(several):
        return key, NOT_RENUMBERED
    suffix = pc.binary_join_element_wise("", pa.array(place[several]).cast(pa.string()), " #")
    names = pc.binary_join_element_wise(key.take(pa.array(several)), suffix, "")
    by_row = np.full(len(order), -1, np.int64)
    by_row[several] = np.arange(len(several))
    renamed = names.take(pa.array(by_row, mask=by_row < 0))
    return pc.coalesce(renamed, key), (numbers[several], names)


def _winners(
    numbers: NDArray[np.int64], code: NDArray[np.int32], digest: pa.Array, *, first: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return, by key: the position of its first or last row, how many rows it has, whether their digests differ."""
    order = np.lexsort((numbers, code))
    begins = np.flatnonzero(_begins(code[order]))
    times = np.diff(begins, append=len(order))
    if len(begins) == len(order):
        return order, times, np.zeros(len(order), np.bool_)
    read = _ranks(digest)
    low, high = (kind.reduceat(read[order], begins) for kind in (np.minimum, np.maximum))
    return order[begins if first else begins + times - 1], times, low != high


def _compared(
    known: KnownRows, keys: pa.Array, digest: pa.Array
) -> tuple[NDArray[np.int32], NDArray[np.bool_], Sequence[str]]:
    """Return the file of each key's current row, -1 for none; whether its digest is this one; and the files."""
    bounds = pc.min_max(keys).as_py()
    files = _may_have(known.paths(bounds["min"], bounds["max"]), keys)
    file, equal = np.full(len(keys), -1, np.int32), np.zeros(len(keys), np.bool_)
    verify_columns([other.path for other in files], known.columns)
    with storage_errors("read a file of the layer"), parquet_errors("the layer"):
        for place, read in enumerate(files):
            for at, before in _current(read, known, keys, hashes=[] if _HASHES.wants(read, files) else None):
                file[at] = place
                same = pc.equal(before, digest.take(pa.array(at)))
                equal[at] = same.fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    return file, equal, [read.path for read in files]


def _may_have(paths: Sequence[str], keys: pa.Array) -> list[Checked]:
    """Return the files that may have current rows of some keys, as far as it is known without reading them."""
    if not paths:
        return []
    with storage_errors("read a file of the layer"):
        each_file(checked, paths)
    wanted = np.sort(hashes_of(keys))
    return [file for file in map(checked, paths) if _HASHES.may_have(file, wanted)]


def _current(
    file: Checked, known: KnownRows, keys: pa.Array, *, hashes: list[NDArray[np.int64]] | None
) -> Iterator[tuple[NDArray[np.int32], pa.Array]]:
    """Give which of the keys a file has current rows of, by position, and those rows' digests.

    With a list for ``hashes``, those of all its current keys are kept at the end.
    """
    with open_streamed(file.path) as source:
        for rows in source.iter_batches(_BATCH_ROWS, columns=list(known.columns), use_threads=False):
            current = rows.column(known.ended).is_null()
            place = pc.index_in(rows.column(known.key), value_set=keys)
            wanted = pc.and_(place.is_valid(), current)
            yield place.filter(wanted).to_numpy(), rows.column(known.digest).filter(wanted)
            if hashes is not None:
                hashes.append(hashes_of(rows.column(known.key).filter(current)))
    if hashes is not None:
        _HASHES.keep(file, np.concatenate([*hashes, np.empty(0, np.int64)]))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _ranks(digest: pa.Array) -> NDArray[np.int64]:
    """Return numbers that order digests and are equal where they are."""
    ranks: NDArray[np.int64] = pc.rank(digest, tiebreaker="dense").to_numpy().astype(np.int64)
    return ranks


def _begins(codes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return where a code differs from the one before."""
    begins: NDArray[np.bool_] = np.diff(codes, prepend=-1) != 0
    return begins
