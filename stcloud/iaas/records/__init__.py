"""Transactional, append-only logs of entries, on SQLite and PostgreSQL (ring: iaas).

Knows: entries in order per case, one clock that stamps them in commit order, summaries to search by, private values
in a table of their own, media, notices and rules as rows. Must not know: what a case, an action or a workflow means,
layers, Delta tables, engines.

Nouns: `Records` (one log), `Entry`, `CaseSummary`, `PrivateValue`, `Medium`, `Notice`, `RecordBatch` (what is
appended as one), `Find` and `FindPage` (search), `StoredRule`, `Audit` (who reads private values, and why).

SQLAlchemy is used here and nowhere else, and imported when a log is opened: one code path for both databases, and for
each a small part of its own (lock, clock, errors, bulk insert). Start reading at `entry.py`, then `records.py`, then
`appending.py`.
"""

from typing import TYPE_CHECKING

from stcloud.iaas.records.entry import (
    Audit,
    CaseSummary,
    Entry,
    Erased,
    Find,
    FindPage,
    Medium,
    Notice,
    PrivateValue,
    RecordBatch,
    StoredRule,
)
from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.iaas.records.records import Records

__all__ = [
    "Audit",
    "CaseSummary",
    "Entry",
    "Erased",
    "Find",
    "FindPage",
    "Medium",
    "Notice",
    "PrivateValue",
    "RecordBatch",
    "Records",
    "StoredRule",
]

__getattr__ = late_names(__name__, {"Records": ".records"})
