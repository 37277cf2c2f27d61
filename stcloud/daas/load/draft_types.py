"""Types of a draft's columns: those that hold for every row of the file.

Tested by `tests/daas/load/test_draft.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.definition.clause import ColumnClause
from stcloud.daas.load.column import plain, trimmed
from stcloud.iaas.source.protocol import Source, declared_types
from stcloud.time import Zone, read_stamps

__all__ = ["types_of_rows"]

_INTEGER = r"^-?(0|[1-9]\d{0,17})$"
_NUMBER = r"^-?(0|[1-9]\d{0,14})(\.\d+)?([eE][+-]?\d{1,2})?$"
_EXACT_DIGITS = 15
_DATED = r"\d[-/.:]\d"
_CLOCK = ("%H", "%I")


class _Candidates:
    """Which types the values of one column still have, after those that were seen."""

    def __init__(self, formats: Iterable[str]) -> None:
        self.seen = False
        self.kinds = ["boolean", "integer", "number"]
        self.formats = list(formats)
        self.days = True

    def narrow(self, texts: pa.Array) -> None:
        """Drop the types that do not hold for some texts, none of them null."""
        self.seen = True
        tests = {"boolean": _is_boolean, "integer": _is_integer, "number": _is_number}
        self.kinds = [kind for kind in self.kinds if tests[kind](texts)]
        if self.formats and not _all(pc.match_substring_regex(texts, _DATED)):
            self.formats = []
        self.formats = [form for form in self.formats if read_stamps(texts, [form], Zone("UTC")).valid.all()]
        self.days &= not self.formats or _all(pc.invert(pc.match_substring(texts, ":")))

    @property
    def column(self) -> ColumnClause | None:
        """What can be declared; None: text, or nothing that is sure."""
        if not self.seen:
            return None
        if self.kinds:
            return ColumnClause.model_validate({"type": self.kinds[0]})
        if len(self.formats) != 1:
            return None
        form = self.formats[0]
        clock = not self.days if form == "iso" else any(directive in form for directive in _CLOCK)
        return ColumnClause.model_validate({"type": "instant" if clock else "date", "formats": (form,)})


def types_of_rows(source: Source, skip: Iterable[str], formats: Iterable[str]) -> dict[str, ColumnClause]:
    """Return what can be declared of a source's columns: types that hold for each of its rows.

    Codes with zeros before them, numbers of more digits than are kept and dates that may be read in two ways stay
    text. What the file declares itself is taken as it is.

    Parameters
    ----------
    source
        An opened source; read once.
    skip
        Columns whose type goes without saying, and keys.
    formats
        Formats of dates and instants to be tried.
    """
    skipped = set(skip)
    given = declared_types(source)
    names = [name for name in source.columns if name not in skipped]
    clauses: dict[str, Any] = {
        name: ColumnClause.model_validate({"type": given[name].type})
        for name in names
        if name in given and given[name].type != "text"
    }
    open_names = [name for name in names if name not in given]
    candidates = {name: _Candidates(formats) for name in open_names}
    for batch in source.batches() if open_names else ():
        _narrow(candidates, batch.rows)
    for name, candidate in candidates.items():
        if candidate.column is not None:
            clauses[name] = candidate.column
    return {name: clauses[name] for name in names if name in clauses}


def _narrow(candidates: Mapping[str, _Candidates], rows: pa.RecordBatch) -> None:
    for name, candidate in candidates.items():
        column = rows.column(name)
        if pa.types.is_binary(column.type):
            candidate.kinds, candidate.formats = [], []
            continue
        texts = trimmed(pc.unique(plain(column))).drop_null()
        if len(texts) and (candidate.kinds or candidate.formats or not candidate.seen):
            candidate.narrow(texts)


def _all(mask: pa.Array) -> bool:
    return bool(pc.all(mask).as_py())


def _is_boolean(texts: pa.Array) -> bool:
    return _all(pc.is_in(pc.utf8_lower(texts), value_set=pa.array(["true", "false"])))


def _is_integer(texts: pa.Array) -> bool:
    return _all(pc.match_substring_regex(texts, _INTEGER))


def _is_number(texts: pa.Array) -> bool:
    if not _all(pc.match_substring_regex(texts, _NUMBER)):
        return False
    digits = pc.utf8_length(pc.replace_substring_regex(texts, r"^-?0*\.?0*|\.|[eE].*$|-", ""))
    return bool(np.all(digits.to_numpy(zero_copy_only=False) <= _EXACT_DIGITS))
