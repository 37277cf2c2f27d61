"""Keys, digests and periods of a source of features, kept while it is read once, and keys as numbers.

Tested by `tests/daas/load/test_feature_load.py` and `tests/daas/load/test_keep_and_trim.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.load.clean_events import ROW
from stcloud.daas.load.clean_features import CleanedFeatures
from stcloud.daas.table.changeset import DatedRows
from stcloud.daas.table.feature import Believed, lanes
from stcloud.daas.table.timeline import Ints, Pieces, distinct

__all__ = ["FeatureKeys", "joined", "no_beliefs", "no_pieces", "nothing"]


@dataclass(slots=True)
class FeatureKeys:
    """What stays in memory of each row of a source: its key, digest, period and number."""

    silent: list[pa.Array] = field(default_factory=list)
    seen: list[Ints] = field(default_factory=list)
    seen_numbers: list[Ints] = field(default_factory=list)
    key: list[pa.Array] = field(default_factory=list)
    digest: list[np.ndarray] = field(default_factory=list)
    number: list[Ints] = field(default_factory=list)
    start_us: list[Ints] = field(default_factory=list)
    end_us: list[Ints] = field(default_factory=list)

    def add(self, cleaned: CleanedFeatures) -> None:
        """Take what became of one batch."""
        self.silent.append(cleaned.silent)
        self.seen.append(cleaned.seen)
        self.seen_numbers.append(cleaned.seen_numbers)
        self.key.append(cleaned.rows.column("st_key"))
        self.digest.append(lanes(cleaned.rows.column("st_digest")))
        self.number.append(cleaned.rows.column(ROW).to_numpy())
        self.start_us.append(cleaned.start_us)
        self.end_us.append(cleaned.end_us)

    def number_repeats(self) -> tuple[Ints, pa.Array]:
        """Give rows that repeat another one, in key, period and content, a running number after their key.

        Returns
        -------
        Numbers of these rows, ascending, and their keys.
        """
        if not self.key:
            return nothing(), pa.array([], pa.string())
        keys = pa.chunked_array(self.key, pa.string()).combine_chunks()
        number, start, end = (np.concatenate(parts) for parts in (self.number, self.start_us, self.end_us))
        digest = np.concatenate(self.digest).view(np.int64)
        row = distinct(_codes([keys]), start, end, digest[:, 0], digest[:, 1])[1]
        order = np.lexsort((number, row))
        first = np.flatnonzero(np.diff(row[order], prepend=-1))
        place = np.empty(len(row), np.int64)
        place[order] = np.arange(len(row)) - np.repeat(first, np.diff(np.append(first, len(row)))) + 1
        at = np.flatnonzero(place > 1)
        at = at[np.argsort(number[at])]
        named = [f"{keys[position].as_py()} #{place[position]}" for position in at.tolist()]
        fresh = pa.array(named, pa.string())
        mask = np.zeros(len(row), np.bool_)
        mask[at] = True
        self.key = [pc.replace_with_mask(keys, pa.array(mask), fresh.take(pa.array(np.argsort(at))))]
        return number[at], fresh

    def coded(self, believed: Believed) -> tuple[DatedRows, DatedRows, Ints]:
        """Return rows, beliefs and keys of refused rows, with numbers for keys."""
        parts = [*self.key, *self.silent]
        # Where all rows repeat beliefs, each belief may be a key of its own: nothing is compared.
        codes = _codes([believed.key, *parts]) if sum(map(len, parts)) else np.arange(len(believed))
        n = len(believed)
        beliefs = DatedRows(codes[:n], believed.start_us, believed.end_us, believed.digest, believed.row)
        number = np.concatenate(self.number or [nothing()])
        digest = np.concatenate(self.digest or [np.empty((0, 2), np.uint64)])
        start, end = (np.concatenate(parts or [nothing()]) for parts in (self.start_us, self.end_us))
        m = len(number)
        return DatedRows(codes[n : n + m], start, end, digest, number), beliefs, codes[n + m :]


def _codes(parts: list[pa.Array]) -> Ints:
    encoded = pa.chunked_array(parts, pa.string()).combine_chunks().dictionary_encode()
    codes: Ints = encoded.indices.to_numpy().astype(np.int64)
    return codes


def nothing() -> Ints:
    """Return no number."""
    return np.empty(0, np.int64)


def joined(rows: DatedRows, other: DatedRows) -> DatedRows:
    """Return rows of both."""
    names = ("key", "start_us", "end_us", "digest", "number")
    return DatedRows(*(np.concatenate([getattr(rows, name), getattr(other, name)]) for name in names))


def no_pieces() -> Pieces:
    """Return no piece of a timeline."""
    return Pieces(nothing(), nothing(), nothing(), nothing())


def no_beliefs() -> Believed:
    """Return what a layer that is not there believes."""
    text = pa.array([], pa.string())
    return Believed(text, nothing(), nothing(), np.empty((0, 2), np.uint64), nothing(), text)
