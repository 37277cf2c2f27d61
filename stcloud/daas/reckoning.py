"""What became of a load: its counts, when it was recorded, and what else its entry of the ledger says.

Tested by `tests/daas/test_reckoning.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stcloud.daas.display import html_table, one_line
from stcloud.errors import FormatError

__all__ = ["AUDIT", "COMPLETE", "COUNTS", "PURGE", "RECEIVE", "UNDO", "Reckoning"]

_COUNTS = ("read", "accepted", "updated", "unchanged", "duplicates", "rejected", "unplaced", "time_adjusted")

_MORE = ("ended", "overridden", "repaired", "restored", "trimmed")
"""Counts that only loads of features, and undone ones, have."""

_PURGED = "purged"
"""Count of rows that a purge removed, or that a load left out because of one; null where it is 0."""

_DETAILS = ("rejected_by", "unplaced_by", "new_columns", "missing_columns", "notes")
"""What a reckoning has besides counts; a ledger's row holds it as JSON, where there is some."""

_OWN_DETAILS = ("scope", "restated", "trail", "received")
"""What only purges, digests of trails, and packages that were received have besides."""

_COMPLETENESS = ("complete_to_us", "complete_by")
"""What a reckoning has besides where something is stated of until when its rows are complete."""

UNDO = "undo"
"""Mode of a load that takes back another; its source is the other's identity."""

PURGE = "purge"
"""Mode of the entry of a purge; its source is empty."""

COMPLETE = "complete"
"""Mode of the entry that states anew until when the rows of a load are complete; its source is that load."""

RECEIVE = "receive"
"""Mode of the entry of a package of another city that was received; its source is the package's name."""

AUDIT = "audit"
"""Mode of the entry of an audit trail's digest, see `TrailDigest`; its source is the trail's file."""

COUNTS = (*_COUNTS, *_MORE, _PURGED)
"""Counts that an entry of the ledger has."""

_MOST_LINES = 6
"""Reasons of rejected rows, and notes, that a reckoning shows."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The counts of a load, which account for every row of its file.

    Always ``read = accepted + updated + unchanged + duplicates + rejected + purged``: ``purged`` rows were left out,
    because the layer was purged of rows of their time. ``unplaced`` counts stored rows
    (accepted and updated) without a place, ``time_adjusted`` rows with a local time that was moved, ``trimmed``
    rows from whose texts white space was removed. Loads of features also count ``ended`` keys, which a snapshot
    lacks, parts of earlier changes that it has ``overridden``, and ``repaired`` geometries. An undo counts keys
    that it ``ended``, and keys whose earlier content it ``restored``. A purge counts keys that it ``purged``; its
    ``scope`` states what it removed, without any value, and ``restated`` the digests of rows of earlier loads, by
    their recorded instant.

    ``recorded_at_us`` is the recorded instant, UTC microseconds. ``known`` means that the file was loaded
    before and nothing was done; ``changed_by`` is then the latest load that has changed its rows since.
    ``new_columns`` were added to the layer by this load, ``missing_columns`` are columns of the layer that the
    file lacks. ``notes`` are remarks for people. ``rows_digest`` is the digest of the rows that the load added;
    None for loads of older versions. ``complete_to_us`` is the instant up to which its rows are complete, UTC
    microseconds, if that is not the recorded instant, and ``complete_by`` how that was stated: ``instant`` or a rule.
    ``received`` is what a package of another city brought, with its owner's entries.

    Examples
    --------
    >>> Reckoning("l1", "requests", "a.csv", "changes", 0, read=3, accepted=2, rejected=1).adds_up
    True
    """

    load: str
    layer: str
    source: str
    mode: str
    recorded_at_us: int
    read: int = 0
    accepted: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0
    unplaced: int = 0
    time_adjusted: int = 0
    ended: int = 0
    overridden: int = 0
    repaired: int = 0
    restored: int = 0
    trimmed: int = 0
    purged: int = 0
    attempt: str = ""
    known: bool = False
    changed_by: str | None = None
    unplaced_by: Mapping[str, int] = field(default_factory=dict)
    rejected_by: Mapping[str, int] = field(default_factory=dict)
    new_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows_digest: str | None = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    restated: Mapping[str, str] = field(default_factory=dict)
    trail: Mapping[str, Any] = field(default_factory=dict)
    received: Mapping[str, Any] = field(default_factory=dict)
    complete_to_us: int | None = None
    complete_by: str | None = None

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {number:,}" for name, number in self._shown.items())
        lines = [f"{self._title}: {counts}"]
        lines += [f"  {one_line(reason)}: {number:,} rejected" for reason, number in self.rejected_by.items()]
        return "\n".join(lines[:_MOST_LINES] + [f"  {one_line(note)}" for note in self.notes[:_MOST_LINES]])

    def _repr_html_(self) -> str:
        counts = [{"rows": name, "count": number} for name, number in self._shown.items()]
        below = "; ".join(
            [*(f"{reason}: {number:,}" for reason, number in self.rejected_by.items()), *self.notes]
        )
        return html_table(self._title, ["rows", "count"], counts, below)

    @property
    def _title(self) -> str:
        if self.mode == PURGE:
            return f"Purge of {one_line(self.layer)}"
        if self.mode == COMPLETE:
            return f"Completeness of load {one_line(self.source)} of {one_line(self.layer)}"
        known = " (was loaded before: nothing was done)" if self.known else ""
        return f"Load of {one_line(self.source)} into {one_line(self.layer)}{known}"

    @property
    def _shown(self) -> dict[str, int]:
        """Counts that say something: those read and accepted, and others that are not 0."""
        return {name: number for name, number in self.counts.items() if number or name in _COUNTS[:2]}

    @property
    def adds_up(self) -> bool:
        """Whether the counts account for every row that was read."""
        settled = (
            self.accepted + self.updated + self.unchanged + self.duplicates + self.rejected + self.purged
        )
        return self.read == settled

    @property
    def counts(self) -> dict[str, int]:
        """Counts by name, in a fixed order; those of features, undo and purges only where they are not 0."""
        more = {name: getattr(self, name) for name in (*_MORE, _PURGED) if getattr(self, name)}
        return {name: getattr(self, name) for name in _COUNTS} | more

    @property
    def details(self) -> dict[str, Any]:
        """Reasons, columns and notes by name, including empty ones."""
        details = {name: getattr(self, name) for name in _DETAILS}
        details |= {name: getattr(self, name) for name in _OWN_DETAILS if getattr(self, name)}
        return {
            name: dict(value) if isinstance(value, Mapping) else list(value)
            for name, value in details.items()
        }

    def to_row(self) -> dict[str, Any]:
        """Return the ledger's row."""
        own = {"load": self.load, "layer": self.layer, "source": self.source, "mode": self.mode}
        more = {name: value for name in _COMPLETENESS if (value := getattr(self, name)) is not None}
        details = json.dumps(self.details | more, ensure_ascii=False) if self._has_details(more) else None
        return (
            own
            | {"recorded_at": self.recorded_at_us, "attempt": self.attempt}
            | dict.fromkeys(_MORE, 0)
            | self.counts
            | {"details": details, "rows_digest": self.rows_digest}
        )

    def _has_details(self, more: Mapping[str, Any]) -> bool:
        return bool(more) or any(self.details.values())

    @classmethod
    def from_row(cls, row: Mapping[str, Any], *, known: bool = False) -> Reckoning:
        """Return the reckoning of a ledger's row; `FormatError` ``damaged-table`` when it is none."""
        if not {"load", "layer", "source", "mode", "attempt", "recorded_at"} <= row.keys():
            raise FormatError(
                "damaged-table", f"an entry of a load lacks fields: it has {', '.join(sorted(row))}"
            )
        own: dict[str, Any] = {name: row[name] for name in ("load", "layer", "source", "mode", "attempt")}
        own |= {name: row.get(name) or 0 for name in (*_COUNTS, *_MORE, _PURGED)}
        details: dict[str, Any] = json.loads(row.get("details") or "{}")
        own |= {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in details.items()
            if name in (*_DETAILS, *_OWN_DETAILS, *_COMPLETENESS)
        }
        digest = row.get("rows_digest")
        return cls(**own, recorded_at_us=row["recorded_at"], known=known, rows_digest=digest)
