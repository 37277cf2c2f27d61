"""Reckonings of loads, each printed when it is there; JSON is one whole array, also after a failure.

Tested by `tests/saas/cli/test_load.py`.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stcloud.errors import NotFound
from stcloud.saas.cli.option import OutputFormat
from stcloud.saas.cli.output import note, print_records, print_table
from stcloud.saas.cli.target import Target
from stcloud.saas.plaintext import visible_json

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.daas.reckoning import Reckoning
    from stcloud.time import Zone

__all__ = ["COMPLETE_TO", "Reckonings", "complete_to", "record_of"]

COMPLETE_TO = "complete_to"
"""Name of the field with the instant up to which the rows of a load are complete."""

_WORDS = ("rejected_by", "unplaced_by", "new_columns", "missing_columns", "notes", "changed_by", COMPLETE_TO)
"""What tables and CSV leave to the notes on stderr."""
_RARE = ("ended", "overridden", "repaired", "restored", "purged")
"""Counts that only some loads have; all lines of one table have the same columns."""


def record_of(reckoning: Reckoning, zone: Zone) -> dict[str, Any]:
    """Return a reckoning as JSON has it."""
    return {
        "load": reckoning.load,
        "layer": reckoning.layer,
        "source": reckoning.source,
        "recorded_at": zone.iso(reckoning.recorded_at_us),
        "known": reckoning.known,
        "changed_by": reckoning.changed_by,
        **reckoning.counts,
        **complete_to(reckoning, zone),
        **reckoning.details,
    }


def complete_to(reckoning: Reckoning, zone: Zone) -> dict[str, Any]:
    """Return until when the rows of a load are complete, by name; of a load that does not state it, nothing."""
    at_us = reckoning.complete_to_us
    return {} if at_us is None else {COMPLETE_TO: zone.iso(at_us)}


@dataclass(slots=True)
class Reckonings:
    """Prints reckonings as they come; into a file, all of them at the end, whatever happened.

    Parameters
    ----------
    city, layer
        Of the loads.
    target
        Where to, as table, JSON, NDJSON or CSV.
    sources
        What the reckonings will be of, where several come: the lines of a table are then equally wide.
    """

    city: City
    layer: str
    target: Target
    sources: Sequence[str] = ()
    _printed: int = 0
    _kept: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Close what was begun, whatever happens inside."""
        try:
            yield
        finally:
            if self.target.path is not None:
                print_records(self._kept, self.target)
            elif self.target.form is OutputFormat.JSON:
                _write("\n]\n" if self._printed else "[\n]\n")

    def add(self, reckoning: Reckoning) -> None:
        """Print a reckoning, and beside it what it says in words."""
        zone = self.city.configuration.zone
        _note(reckoning, zone)
        record = record_of(reckoning, zone)
        form = self.target.form
        if form in (OutputFormat.TABLE, OutputFormat.CSV):
            record = {name: value for name, value in record.items() if name not in _WORDS}
        if self.target.path is not None:
            self._kept.append(record)
        elif form is OutputFormat.JSON:
            _write(("," if self._printed else "[") + "\n" + _json(record))
        elif form is OutputFormat.NDJSON:
            _write(_json(record) + "\n")
        else:
            self._add_line(record)
        self._printed += 1

    def _add_line(self, record: dict[str, Any]) -> None:
        rare = {name: record.pop(name) for name in _RARE if name in record}
        if len(self.sources) < 2 or self.target.form is OutputFormat.CSV:
            record |= dict.fromkeys(_RARE, 0) | rare if self.target.form is OutputFormat.CSV else rare
        else:
            if self._is_versioned():
                record["ended"] = rare.pop("ended", 0)
            if rare:
                note(f"{record['source']}: " + ", ".join(f"{name} {count:,}" for name, count in rare.items()))
        if self.target.form is OutputFormat.CSV:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerows([list(record)] if not self._printed else [])
            writer.writerow(record.values())
            sys.stdout.flush()
            return
        shown = {name: value for name, value in record.items() if name not in ("layer", "known")}
        widths = {"source": max(map(len, self.sources), default=0)}
        print_table(list(shown), [shown], sys.stdout, 1, header=not self._printed, widths=widths)
        sys.stdout.flush()

    def _is_versioned(self) -> bool:
        """Return whether the layer has features; one that a dry run does not make has nothing to end."""
        try:
            return self.city.layer(self.layer).layer_kind.versioned
        except NotFound:
            return False


def _note(reckoning: Reckoning, zone: Zone) -> None:
    """Tell a person what the counts do not, on stderr."""
    source, at = reckoning.source, zone.iso(reckoning.recorded_at_us)
    if reckoning.complete_to_us is not None and not reckoning.known:
        note(f"{source}: complete to {zone.iso(reckoning.complete_to_us)}")
    if reckoning.changed_by:
        note(f"{source}: loaded on {at}, changed since by load {reckoning.changed_by}; --again loads it")
        return
    if reckoning.known:
        note(f"{source} was loaded already, at {at} (load {reckoning.load}); nothing changed")
        return
    reasons: Mapping[str, Mapping[str, int]] = {
        "unplaced": reckoning.unplaced_by, "rejected": reckoning.rejected_by,
    }  # fmt: skip
    for what, counts in reasons.items():
        if counts:
            listed = ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items()))
            note(f"{source}: {what}: {listed}")
    columns = {
        "new columns": reckoning.new_columns,
        "missing columns, empty in its rows": reckoning.missing_columns,
    }
    for what, names in columns.items():
        if names:
            note(f"{source}: {what}: {', '.join(names)}")
    for remark in reckoning.notes:
        note(f"{source}: {remark}")


def _json(record: Mapping[str, Any]) -> str:
    return visible_json(json.dumps(record, ensure_ascii=False))


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
