"""Whether an audit trail is as the digests in the ledgers of cities say.

The law: a line that was changed, left out or put in before the newest digest is found, whatever was made of the lines
after it.

Tested by `tests/saas/rights/test_trailcheck.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stcloud.daas.traildigest import TrailDigest

if TYPE_CHECKING:
    from stcloud.saas.rights.audittrail import AuditTrail
    from stcloud.time import Zone

__all__ = ["TrailCheck", "checked_trail"]


@dataclass(frozen=True, slots=True)
class TrailCheck:
    """What was found of a trail.

    Parameters
    ----------
    lines
        Lines of the file.
    covered
        Lines up to the newest digest that holds: nobody can have changed them.
    digests
        Digests of this trail in the ledger.
    faults
        What is wrong, each in a line, the first one first.
    """

    lines: int
    covered: int
    digests: int
    faults: tuple[str, ...]


def checked_trail(trail: AuditTrail, digests: Sequence[TrailDigest], zone: Zone) -> TrailCheck:
    """Compare a trail with the digests of a ledger.

    Parameters
    ----------
    trail, digests
        The trail, and what ledgers say of trails; those of others are left out.
    zone
        That of the city, in which faults name instants.
    """
    wanted = {1, *(digest.head.lines for digest in digests)}
    lines, broken, digest_of = 0, [], {0: ""}
    for link in trail.links():
        lines = link.line
        if lines in wanted:
            digest_of[lines] = link.digest
        broken += [] if link.fault is None else [link.fault]
    first = digest_of.get(1)
    own = sorted(
        (digest for digest in digests if digest.head.trail == first), key=lambda digest: digest.head.lines
    )
    covered = max(
        (each.head.lines for each in own if digest_of.get(each.head.lines) == each.head.digest), default=0
    )
    faults = broken or list(
        _differences(trail, lines, own, digest_of, zone) if own else [_unknown(trail, lines, digests)]
    )
    return TrailCheck(lines, covered, len(own), tuple(faults))


def _differences(
    trail: AuditTrail, lines: int, own: Sequence[TrailDigest], digest_of: Mapping[int, str], zone: Zone
) -> Iterator[str]:
    """Name the digests of a trail whose lines are others, or are not there."""
    same = 0
    for digest in own:
        head, when = digest.head, zone.iso(digest.at_us)
        if digest_of.get(head.lines) == head.digest:
            same = head.lines
        elif head.lines > lines:
            yield f"{trail.name} has {lines:,} lines, and had {head.lines:,} at {when}: its end was cut off"
        else:
            yield (
                f"lines {same + 1:,} to {head.lines:,} of {trail.name} are not those of {when}: one was changed, "
                "left out or put in"
            )


def _unknown(trail: AuditTrail, lines: int, digests: Sequence[TrailDigest]) -> str:
    """Return why a trail is not vouched for."""
    if not digests:
        return f"the ledger has no digest of any audit trail: nothing says that {trail.name} is whole"
    of_name = [digest for digest in digests if digest.file == trail.name]
    if not lines and of_name:
        return f"{trail.name} has no lines, and had {max(digest.head.lines for digest in of_name):,}"
    return (
        f"the ledger has no digest of {trail.name} as it begins now: its first line was changed or left out, or it "
        "is the trail of other cities"
    )
