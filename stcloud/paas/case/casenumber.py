"""Numbers of new cases: the next one that begins as those of a day do.

Tested by `tests/city/test_cases.py`.
"""

from __future__ import annotations

import re

from stcloud.iaas.records import Records

__all__ = ["next_number"]


def next_number(records: Records, prefix: str) -> str:
    """Return the number after the last one of a prefix; a free one where the last is not as they are counted."""
    last = (records.last_number(prefix) or f"{prefix}00000").removeprefix(prefix)
    if re.fullmatch(r"[0-9]{5}", last) and last != "99999":
        return f"{prefix}{int(last) + 1:05d}"

    def is_taken(place: int) -> bool:
        return records.summary(f"{prefix}{place:05d}") is not None

    taken, free = 0, 1
    while is_taken(free):
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if is_taken(middle) else (taken, middle)
    return f"{prefix}{free:05d}"
