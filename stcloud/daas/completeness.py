"""Until when rows are complete: what is stated of a load, and what the loads of a layer together say.

A file may be older than its load: what happened after its end is then unknown, though the load is recorded later.
Each load is complete to an instant of its own, and the layer to the latest of them, whatever order files come in.

Tested by `tests/daas/test_completeness.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stcloud.daas.complete_to import LOADED
from stcloud.daas.reckoning import COMPLETE, PURGE, UNDO, Reckoning

__all__ = ["Completeness", "completeness_of", "stated_of_file", "withdrawn_of"]


@dataclass(frozen=True, slots=True)
class Completeness:
    """Until when the rows of a layer are complete.

    Attributes
    ----------
    to_us
        The instant, UTC microseconds.
    since_us
        Recorded instant since when this is known: a pin at it, or later, gives the same.
    """

    to_us: int
    since_us: int


def completeness_of(loads: Iterable[Reckoning], known_us: int | None, newest_us: int) -> Completeness | None:
    """Return until when a layer is complete: to the latest instant of its loads that were not taken back.

    Parameters
    ----------
    loads
        Entries of its ledger, by recorded instant.
    known_us
        Later ones do not count; None: all do.
    newest_us
        Recorded instant of the newest change of rows in the version that is read: loads that changed rows after it
        are not in that version, and neither they nor later ones count.

    Returns
    -------
    None if no load counts.

    Notes
    -----
    Of loads of one file, repeated by ``again``, the last one counts; so does what was stated of it last. A purge
    says nothing of completeness.
    """
    entries: list[Reckoning] = []
    for load in loads:
        late = load.recorded_at_us > newest_us and _changes_rows(load)
        if late or (known_us is not None and load.recorded_at_us > known_us):
            break
        entries.append(load)
    withdrawn = withdrawn_of(entries)
    to_us: dict[str, int] = {}
    for entry in entries:
        subject = entry.source if entry.mode == COMPLETE else entry.load
        if entry.mode in (UNDO, PURGE) or {entry.load, subject} & withdrawn:
            continue
        at_us = _complete_us(entry)
        if at_us is None:
            to_us.pop(_file_of(subject), None)
        else:
            to_us[_file_of(subject)] = at_us
    return Completeness(max(to_us.values()), entries[-1].recorded_at_us) if to_us else None


def stated_of_file(loads: Iterable[Reckoning], load: str) -> Reckoning | None:
    """Return the entry that states last until when a file is complete, by the identity of a load of it."""
    entries, file = list(loads), _file_of(load)
    withdrawn = withdrawn_of(entries)
    stated = [
        entry
        for entry in entries
        if entry.mode not in (UNDO, PURGE)
        and file == _file_of(entry.source if entry.mode == COMPLETE else entry.load)
        and not {entry.load, entry.source} & withdrawn
    ]
    return stated[-1] if stated else None


def withdrawn_of(entries: Iterable[Reckoning]) -> set[str]:
    """Return the identities of entries that are taken back; an undo may be taken back, too."""
    withdrawn: set[str] = set()
    for entry in reversed(list(entries)):
        if entry.mode == UNDO and entry.load not in withdrawn:
            withdrawn.add(entry.source)
    return withdrawn


def _complete_us(entry: Reckoning) -> int | None:
    """Return until when an entry says that rows are complete; None: a rule, and there were no rows."""
    if entry.complete_to_us is not None:
        return entry.complete_to_us
    return entry.recorded_at_us if entry.complete_by in (None, LOADED) else None


def _file_of(load: str) -> str:
    """Return the identity that loads of one file share."""
    return load.partition(".")[0]


def _changes_rows(load: Reckoning) -> bool:
    return bool(
        load.accepted or load.updated or load.ended or load.restored or load.overridden or load.purged
    )
