"""Digests of audit trails in the ledger: what a file outside the city held at an instant, and cannot be made to lack.

They are entries of their own, in a chain of their own: whoever would change a trail unseen must change the ledger of
each city that has its digests, too, from that entry on.

Tested by `tests/daas/test_traildigest.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stcloud.daas.chain import broken_links
from stcloud.daas.ledger import Ledger
from stcloud.daas.reckoning import AUDIT, Reckoning
from stcloud.errors import FormatError
from stcloud.iaas.store.folder import Folder

__all__ = ["TrailDigest", "TrailHead", "digest_faults", "enter_digest", "trail_digests"]

_LAYER = "_audit"
"""Stands in the ledger where entries of loads have their layer; no layer can be called so."""
_HOUR_US = 3_600_000_000
_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class TrailHead:
    """What a trail holds.

    Parameters
    ----------
    trail
        SHA-256 of its first line, by which it is known.
    lines, digest
        How many lines it has, and the SHA-256 of the last one, which stands for all before it.
    """

    trail: str
    lines: int
    digest: str


@dataclass(frozen=True, slots=True)
class TrailDigest:
    """What a trail held at an instant, as the ledger has it.

    Parameters
    ----------
    head
        What it held.
    file
        The name that its file had.
    hour
        In which hour, in whole hours since 1970, UTC.
    at_us
        When that was entered, UTC microseconds.
    """

    head: TrailHead
    file: str
    hour: int
    at_us: int


def enter_digest(
    folder: Folder, ledger: Ledger, head: TrailHead, *, file: str, now_us: int, ends: bool = False
) -> TrailDigest | None:
    """Enter what a trail holds, unless the ledger has a digest of it of this hour, or of nothing less.

    Processes may share a trail and a city: of several that enter a digest in an hour, the first one does.

    Parameters
    ----------
    folder, ledger
        The city's.
    head, file, now_us
        What the trail holds, the name of its file, and the present instant, UTC microseconds.
    ends
        Whether its service ends: then a second digest of an hour is entered.

    Returns
    -------
    The newest digest of the trail in the ledger.

    Raises
    ------
    StorageError, Conflict
        ``read-only``, ``no-permission`` and others: the ledger cannot be written.
    """
    known = _newest(ledger, head.trail)
    if known is not None and _is_needless(known, head, now_us, ends=ends):
        return known
    with folder.lock(_LAYER, wait_s=_WAIT_S):
        known, newest_us = _newest(ledger, head.trail), ledger.newest_us(_LAYER)
        if known is not None and _is_needless(known, head, now_us, ends=ends):
            return known
        at_us = now_us if newest_us is None else max(now_us, newest_us + 1)
        attempt = f"{head.trail[:16]}:{head.lines if ends else f'hour-{now_us // _HOUR_US}'}"
        stated = {"trail": head.trail, "lines": head.lines, "digest": head.digest, "hour": now_us // _HOUR_US}
        ledger.write(
            [
                Reckoning(
                    f"audit-{head.digest[:16]}", _LAYER, file, AUDIT, at_us, attempt=attempt, trail=stated
                )
            ]
        )
    return _newest(ledger, head.trail)


def _is_needless(known: TrailDigest, head: TrailHead, now_us: int, *, ends: bool) -> bool:
    return known.head == head or (not ends and known.hour >= now_us // _HOUR_US)


def _newest(ledger: Ledger, trail: str) -> TrailDigest | None:
    return max(
        (digest for digest in trail_digests(ledger) if digest.head.trail == trail),
        key=lambda digest: digest.at_us,
        default=None,
    )


def trail_digests(ledger: Ledger) -> list[TrailDigest]:
    """Return the digests of all trails, oldest first; `FormatError` ``damaged-table``: an entry is none."""
    return [_digest(Reckoning.from_row(row)) for row in ledger.entries(_LAYER)]


def _digest(entry: Reckoning) -> TrailDigest:
    stated = entry.trail
    try:
        head = TrailHead(str(stated["trail"]), int(stated["lines"]), str(stated["digest"]))
        return TrailDigest(head, entry.source, int(stated["hour"]), entry.recorded_at_us)
    except (KeyError, ValueError) as error:
        raise FormatError(
            "damaged-table", f"entry {entry.load} of the ledger is no digest of a trail"
        ) from error


def digest_faults(ledger: Ledger) -> Iterator[str]:
    """Name the digests of trails that were changed since they were entered, or whose predecessor was."""
    yield from broken_links(ledger.entries(_LAYER))
