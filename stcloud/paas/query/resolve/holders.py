"""Which feature of a layer held each event: a column that events are grouped by.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER, Ints
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.query.join.how import Within
from stcloud.paas.query.plan.plan import FeatureGroup
from stcloud.paas.query.resolve.features import Features
from stcloud.paas.query.resolve.prepared import prepared
from stcloud.paas.query.resolve.scope import Scope
from stcloud.paas.query.resolve.subject import Subject
from stcloud.time import instant_us

if TYPE_CHECKING:
    from stcloud.index import AsOfIndex

__all__ = ["Holders", "holders_of", "read_group"]


@dataclass(frozen=True, slots=True, eq=False)
class Holders:
    """Tells the name of the feature that held each event at its own time, or at a fixed one.

    Parameters
    ----------
    partners
        The versions of the features.
    words, word
        ``(k,)`` distinct names; ``(n,)`` int32, the number of each version's name, -1 for none.
    at_us
        The features are those of this instant, UTC microseconds; None: of each event's own time.
    """

    partners: AsOfIndex
    words: pa.Array
    word: np.ndarray
    at_us: int | None = None

    def __call__(self, rows: pa.RecordBatch) -> pa.Array:
        """Return names for rows with ``st_x``, ``st_y`` and ``st_time``; null where no feature held one."""
        from stcloud.index import encode_keys  # noqa: PLC0415  (numba is slow to import)

        x, y = (rows.column(name).to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
        fixed = self.at_us
        times = micros(rows.column("st_time"), FOREVER) if fixed is None else np.full(len(x), fixed, np.int64)
        version = self.partners.holders(x, y, times)
        return encode_keys(version, self.words, self.word).cast(pa.string())


def read_group(text: str, subject: Subject) -> FeatureGroup:
    """Read ``in:LAYER[.COLUMN][@T]``; looks at the layer's columns, not at its rows.

    Raises
    ------
    NotFound
        ``unknown-layer``, ``unknown-column``
    InvalidInput
        ``not-features``, ``unknown-group``, ``unreadable-time``
    """
    body = text.removeprefix("in:")
    name, dot, column = body.partition(".")
    name, fixed, instant = (body if "@" in name else name).partition("@")
    dot, column = ("", "") if fixed else (dot, column)
    if (dot and not column) or (fixed and not instant):
        ends = "the column" if dot else "the instant"
        raise InvalidInput(
            "unknown-group",
            f"cannot count by '{text}': it ends before {ends}",
            hint=f"write in:{name}.COLUMN or in:{name}@2019",
        )
    layer = subject.other(name)
    columns = [attribute.name for attribute in layer.attributes]
    if column not in columns and "@" in column:  # a name of a column may hold one
        column, fixed, instant = column.rpartition("@")
    if column and column not in columns:
        raise NotFound(
            "unknown-column", f"layer '{name}' has no column '{column}' (there are: {', '.join(columns)})",
            nearest=nearest(column, columns),
        )  # fmt: skip
    return FeatureGroup(name, column, instant_us(instant, subject.zone) if fixed else None)


def holders_of(layer: Features, group: FeatureGroup, known_us: int, scope: Scope) -> Holders:
    """Make a layer ready that rows are grouped by.

    Parameters
    ----------
    layer, group
        The features, and by what of them rows are grouped.
    known_us
        As they were known then, UTC microseconds.
    scope
        Where and when the rows may be.
    """
    ready = prepared(layer, known_us, Within(), scope.at(group.at_us))
    versions = len(ready.partners.versions)
    column = group.column
    names = ready.columns(np.arange(versions))[column] if column else ready.partners.versions.key
    words, word = _worded(names)
    return Holders(ready.partners, words, word, group.at_us)


def _worded(names: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    whole = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    encoded = whole.cast(pa.string()).dictionary_encode()
    return encoded.dictionary, encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
