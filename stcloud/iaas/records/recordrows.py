"""Values to rows of tables, and back.

Tested by `tests/iaas/records/test_appending.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row

from stcloud.iaas.records.entry import CaseSummary, Entry, Medium, Notice, PrivateValue
from stcloud.iaas.records.gram import grams
from stcloud.iaas.records.values import canonical, check_row, fields_of

__all__ = [
    "entry_of",
    "entry_row",
    "gram_rows",
    "medium_row",
    "notice_row",
    "private_row",
    "summary_of",
    "summary_row",
]


def entry_row(entry: Entry) -> dict[str, Any]:
    """Return the row of an entry; its instant of recording is to be set."""
    row = {
        "case": entry.case, "seq": entry.seq, "id": entry.id, "name": entry.name, "happened_us": entry.happened_us,
        "recorded_us": 0, "actor": entry.actor, "role": entry.role, "post": entry.post,
        "department": entry.department, "lon": entry.lon, "lat": entry.lat, "fields": canonical(entry.fields),
    }  # fmt: skip
    return check_row(row, f"entry {entry.id!r}")


def entry_of(row: Sequence[Any]) -> Entry:
    """Return the entry of a row with all columns in their order."""
    case, seq, id_, name, happened, recorded, actor, role, post, department, lon, lat, fields = row
    return Entry(
        case=case, seq=seq, id=id_, name=name, happened_us=happened, recorded_us=recorded, actor=actor, role=role,
        post=post, department=department, lon=lon, lat=lat, fields=fields_of(fields),
    )  # fmt: skip


def summary_row(summary: CaseSummary) -> dict[str, Any]:
    """Return the row of a summary; its place in the log is to be set."""
    row = {
        "number": summary.number, "seq": 0, "state": summary.state, "kind": summary.kind,
        "class_code": summary.class_code, "department": summary.department, "cell": summary.cell,
        "lon": summary.lon, "lat": summary.lat, "reported_us": summary.reported_us, "changed_us": 0,
        "due_us": summary.due_us, "text": summary.text, "link": summary.link, "fields": canonical(summary.fields),
    }  # fmt: skip
    return check_row(row, f"summary {summary.number!r}")


def summary_of(row: Row[Any]) -> CaseSummary:
    """Return the summary of a row with all columns."""
    values = dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name
    return CaseSummary(**(values | {"fields": fields_of(values["fields"])}))


def private_row(value: PrivateValue) -> dict[str, Any]:
    """Return the row of a private value; errors do not repeat it."""
    row = {
        "ref": value.ref, "case": value.case, "seq": value.seq, "field": value.field, "value": value.value,
        "person": value.person, "recorded_us": 0,
    }  # fmt: skip
    return check_row(row, f"private value {value.ref!r}")


def medium_row(medium: Medium) -> dict[str, Any]:
    """Return the row of a medium."""
    row = {
        "case": medium.case, "seq": medium.seq, "digest": medium.digest, "use": medium.use, "key": medium.key,
        "taken_us": medium.taken_us, "lon": medium.lon, "lat": medium.lat,
    }  # fmt: skip
    return check_row(row, f"medium {medium.digest!r}")


def notice_row(notice: Notice) -> dict[str, Any]:
    """Return the row of a notice that was never tried."""
    row = {
        "id": notice.id, "case": notice.case, "seq": notice.seq, "target": notice.target, "body": notice.body,
        "recorded_us": 0, "attempts": 0, "next_us": 0, "done_us": None, "error": None,
    }  # fmt: skip
    return check_row(row, f"notice {notice.id!r}")


def gram_rows(texts: Iterable[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """Return the rows that texts are searched by, each a case, a reference and the text."""
    return [
        {"gram": gram, "case": case, "ref": ref} for case, ref, text in texts for gram in sorted(grams(text))
    ]
