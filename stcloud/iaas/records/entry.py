"""Rows of a log, as values: what is appended, what is read back, what is searched for.

Instants are microseconds since 1970-01-01T00:00Z. Places are degrees of longitude and latitude.

Tested by `tests/iaas/records/test_appending.py` and `tests/iaas/records/test_search.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "Audit",
    "CaseSummary",
    "Entry",
    "Erased",
    "Fields",
    "Find",
    "FindPage",
    "Medium",
    "Notice",
    "PrivateValue",
    "RecordBatch",
    "Scalar",
    "StoredRule",
]

Scalar = str | int | float | bool | None
Fields = Mapping[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of one case's log.

    ``seq`` counts 1, 2, 3 within the case: who appends writes the number that he expects. ``id`` is the client's own:
    an entry of an id that is there is not written again. ``happened_us`` None means the instant of recording. The
    store sets ``recorded_us``. ``fields`` hold no person and no free text, but references to private values.
    """

    case: str
    seq: int
    id: str
    name: str
    actor: str
    role: str
    post: str | None = None
    department: str | None = None
    happened_us: int | None = None
    recorded_us: int = 0
    lon: float | None = None
    lat: float | None = None
    fields: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSummary:
    """Present state of a case, to be searched by; a log can do without, and it can be computed again from the log.

    The store sets ``seq`` and ``changed_us`` to those of the case's last entry, and ``reported_us`` None to the
    instant of recording of its first. ``text`` is searched by what it contains (class names, an address; no person);
    None keeps the text that the case has.

    ``link`` is the number of a case that this one is linked to.
    """

    number: str
    state: str
    kind: str | None = None
    class_code: str | None = None
    department: str | None = None
    cell: str | None = None
    lon: float | None = None
    lat: float | None = None
    reported_us: int | None = None
    due_us: int | None = None
    text: str | None = None
    link: str | None = None
    fields: Fields = field(default_factory=dict)
    seq: int = 0
    changed_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateValue:
    """A person or a free text of an entry, which names it by ``ref`` only; ``person`` names whom it is about."""

    ref: str
    case: str
    seq: int
    field: str
    value: str
    person: str | None = None
    recorded_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A photo or a recording that belongs to an entry: the file lies elsewhere, at ``key``."""

    digest: str
    case: str
    seq: int
    use: str
    key: str
    taken_us: int | None = None
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice to be delivered, written in the transaction of what it is about; ``body`` names no person."""

    id: str
    case: str
    seq: int
    target: str
    body: str
    recorded_us: int = 0
    attempts: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRule:
    """A time-stamped document: valid from an instant, known since another."""

    kind: str
    digest: str
    valid_from_us: int
    recorded_us: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBatch:
    """What is appended in one transaction: entries in order, and for each of their cases its summary after them.

    What it was decided by must still hold: ``seen`` are other cases with the number of their last entry, 0 for a case
    that does not exist; ``links`` are cases with all cases that are linked to them; ``rules_us`` is when the last
    rule was recorded, 0 without any, None where no rule decided.
    """

    entries: tuple[Entry, ...]
    summaries: tuple[CaseSummary, ...]
    private: tuple[PrivateValue, ...] = ()
    media: tuple[Medium, ...] = ()
    notices: tuple[Notice, ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)
    links: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rules_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Who reads private values, and why; written down for each value that is read."""

    who: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """What summaries are searched for; all that is given must hold.

    ``bbox`` is west, south, east, north. ``order`` is ``number``, ``reported`` (newest first) or ``due`` (earliest
    first; only cases with a deadline). ``reported_us`` and ``changed_us`` are the first and the last instant at which
    cases were reported, or changed last; None: open.
    """

    number: str | None = None
    state: tuple[str, ...] = ()
    kind: str | None = None
    class_code: str | None = None
    department: str | None = None
    cell: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    due_before_us: int | None = None
    reported_us: tuple[int | None, int | None] = (None, None)
    changed_us: tuple[int | None, int | None] = (None, None)
    link: str | None = None
    text: str | None = None
    order: str = "number"


@dataclass(frozen=True, slots=True)
class FindPage:
    """Some of what was searched for, and the cursor for what follows; None: nothing follows."""

    summaries: tuple[CaseSummary, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Erased:
    """How many private values were removed; ``wiped``: their bytes are gone from the database's files too."""

    values: int
    wiped: bool
