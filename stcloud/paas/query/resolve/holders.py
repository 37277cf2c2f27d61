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

if TYPE_CHECKING:
    from stcloud.index import AsOfIndex

__all__ = ["Holders", "holders_of", "read_group"]


@dataclass(frozen=True, slots=True, eq=False)
class Holders:
    """Tells the name of the feature that held each event at its own time.

    Parameters
    ----------
    partners
        The versions of the features.
    words, word
        ``(k,)`` distinct names; ``(n,)`` int32, the number of each version's name, -1 for none.
    """

    partners: AsOfIndex
    words: pa.Array
    word: np.ndarray

    def __call__(self, rows: pa.RecordBatch) -> pa.Array:
        """Return names for rows with ``st_x``, ``st_y`` and ``st_time``; null where no feature held one."""
        from stcloud.index import encode_keys  # noqa: PLC0415  (numba is slow to import)

        x, y = (rows.column(name).to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
        version = self.partners.holders(x, y, micros(rows.column("st_time"), FOREVER))
        return encode_keys(version, self.words, self.word).cast(pa.string())


def read_group(text: str, subject: Subject) -> FeatureGroup:
    """Read ``in:LAYER`` or ``in:LAYER.COLUMN``; looks at the layer's columns, not at its rows.

    Raises
    ------
    NotFound
        ``unknown-layer``, ``unknown-column``
    InvalidInput
        ``not-features``, ``unknown-group``
    """
    name, dot, column = text.removeprefix("in:").partition(".")
    if dot and not column:
        raise InvalidInput(
            "unknown-group",
            f"cannot count by '{text}': it ends before the column",
            hint=f"write in:{name}.COLUMN",
        )
    layer = subject.other(name)
    columns = [attribute.name for attribute in layer.attributes]
    if column and column not in columns:
        raise NotFound(
            "unknown-column", f"layer '{name}' has no column '{column}' (there are: {', '.join(columns)})",
            nearest=nearest(column, columns),
        )  # fmt: skip
    return FeatureGroup(name, column)


def holders_of(layer: Features, column: str, known_us: int, scope: Scope) -> Holders:
    """Make a layer ready that rows are grouped by.

    Parameters
    ----------
    layer, column
        The features; an empty column: by their keys.
    known_us
        As they were known then, UTC microseconds.
    scope
        Where and when the rows may be.
    """
    ready = prepared(layer, known_us, Within(), scope)
    versions = len(ready.partners.versions)
    names = ready.columns(np.arange(versions))[column] if column else ready.partners.versions.key
    words, word = _worded(names)
    return Holders(ready.partners, words, word)


def _worded(names: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    whole = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    encoded = whole.cast(pa.string()).dictionary_encode()
    return encoded.dictionary, encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
