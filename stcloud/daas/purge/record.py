"""Records of a layer's purges, beside its table, where a question finds them in microseconds.

The ledger is the record; this file repeats of it what pins and loads have to heed. A purge is written here before it
is committed, so that no version of the table that lacks rows is read without it; it counts from its commit on.

Tested by `tests/daas/purge/test_record.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stcloud.daas.purge.scope import PurgeScope
from stcloud.daas.reckoning import PURGE, Reckoning
from stcloud.errors import FormatError
from stcloud.iaas.table.again import again_when_overtaken
from stcloud.iaas.table.sidecar import read_sidecar, write_sidecar
from stcloud.iaas.table.table import Table

__all__ = ["PurgeRecord", "read_purges", "write_purges"]

_FILE = "_purges.json"


@dataclass(frozen=True, slots=True)
class PurgeRecord:
    """What a purge removed, without any value.

    Parameters
    ----------
    load, attempt
        Its identity in the ledger, and that of its commit.
    recorded_at_us
        Its recorded instant, UTC microseconds.
    scope
        What was removed.
    sequence
        Number of the table's commit that removed it.
    versions
        How many rows of the table were removed, or lost a value.
    since_us
        The earliest recorded instant of one of them; None: there was none.
    over
        Whether each of them was over before the scope's instant, so that no question about a later time read any.
    """

    load: str
    attempt: str
    recorded_at_us: int
    scope: PurgeScope
    sequence: int = 0
    versions: int = 0
    since_us: int | None = None
    over: bool = False

    @classmethod
    def of(cls, entry: Reckoning) -> PurgeRecord:
        """Return the record of an entry of the ledger, or of a commit's note; `FormatError` ``damaged-table``."""
        if entry.mode != PURGE or not entry.scope:
            raise FormatError("damaged-table", f"the entry of {entry.load} does not say what was purged")
        return cls.from_json(
            dict(entry.scope)
            | {"load": entry.load, "attempt": entry.attempt, "recorded_at_us": entry.recorded_at_us}
        )

    @property
    def hidden_from(self) -> bool:
        """Whether something was removed that an answer may have shown."""
        return self.versions > 0

    def touches(self, known_us: int, columns: frozenset[str] | None, after_us: int | None) -> bool:
        """Tell whether an answer as of a recorded instant may have read what was removed.

        Parameters
        ----------
        known_us
            What was known when: the recorded instant, UTC microseconds.
        columns
            Names of the columns that the question reads; None: all.
        after_us
            The question reads no row that was over before this instant; None: it may read any.
        """
        if not self.hidden_from or known_us >= self.recorded_at_us:
            return False
        if self.since_us is not None and known_us < self.since_us:
            return False  # none of it was known yet
        if columns is not None and self.scope.columns and not columns & set(self.scope.columns):
            return False
        before_us = self.scope.before_us
        return not (self.over and before_us is not None and after_us is not None and after_us >= before_us)

    def to_json(self) -> dict[str, Any]:
        """Return it as it is written."""
        own = {"load": self.load, "attempt": self.attempt, "recorded_at_us": self.recorded_at_us}
        return own | self.details

    @property
    def details(self) -> dict[str, Any]:
        """What the ledger's entry holds besides its identity."""
        return self.scope.to_json() | {
            "sequence": self.sequence, "versions": self.versions, "since_us": self.since_us, "over": self.over,
        }  # fmt: skip

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> PurgeRecord:
        """Return what was written."""
        return cls(
            document["load"], document["attempt"], document["recorded_at_us"], PurgeScope.from_json(document),
            document["sequence"], document["versions"], document["since_us"], document["over"],
        )  # fmt: skip

    def at(self, sequence: int) -> PurgeRecord:
        """Return it with the number of its commit."""
        return replace(self, sequence=sequence)


def read_purges(table: Table, sequence: int | None = None) -> tuple[PurgeRecord, ...]:
    """Return the purges of a table, oldest first; of those that count at a commit, if one is named.

    Raises
    ------
    FormatError
        ``damaged-table``: the file is not what was written.
    """
    records = _records(table, read_sidecar(table, _FILE))
    return tuple(record for record in records if sequence is None or record.sequence <= sequence)


def _records(table: Table, text: str | None) -> tuple[PurgeRecord, ...]:
    if text is None:
        return ()
    try:
        records = [PurgeRecord.from_json(document) for document in json.loads(text)["purges"]]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(
            "damaged-table",
            f"{_FILE} of {table.name} cannot be read",
            hint="bring it back from a copy of the city",
        ) from error
    return tuple(records)


@again_when_overtaken
def write_purges(table: Table, change: Callable[[tuple[PurgeRecord, ...]], Sequence[PurgeRecord]]) -> None:
    """Change the purges of a table, whole or not at all; ``change`` is given those that it has, perhaps again."""
    former = read_sidecar(table, _FILE)
    before = _records(table, former)
    after = tuple(change(before))
    if after != before:
        documents = [record.to_json() for record in after]
        write_sidecar(table, _FILE, former, lambda label: _text(documents, label))


def _text(documents: list[dict[str, Any]], label: str) -> str:
    labelled = {"revision": label} if label else {}
    return f"{json.dumps(labelled | {'purges': documents}, ensure_ascii=False, indent=1)}\n"
