"""Requests of open data: which columns of a layer say how a request went, and what a row of it says.

Tested by `tests/paas/case/test_requested.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from stcloud.daas.definition.clause import Closed, Text, definition_faults
from stcloud.errors import InvalidInput
from stcloud.iaas.bundle import bundled_text, request_columns
from stcloud.paas.case.action import Scalar

__all__ = ["REQUEST_FACTS", "Request", "RequestColumns", "import_of", "one_line", "read_import"]

REQUEST_FACTS = ("kind", "class", "department", "status", "source", "due", "cell", "lon", "lat")
"""What a log of open data keeps of a request besides its instants, in the order of actions."""


class RequestColumns(Closed):
    """Which columns of a layer say how a request went; `docs/how-to/import-cases.md` describes every key.

    Parameters
    ----------
    definition
        The definition of the layers that it is for.
    class_, department, status, source, due
        Columns of the class, the department, the status, the channel, and the deadline that the source states.
    kind
        ``component`` or ``matter``, of all requests.
    closed, cancelled, changed
        Columns with the instants of closing, of cancelling, and of the last change, which dates an end without one.
    closed_when, cancelled_when
        Statuses that say that a request ended. Without any, a request has ended when it has the date.
    """

    definition: Text
    class_: Annotated[Text | None, Field(alias="class")] = None
    department: Text | None = None
    status: Text | None = None
    source: Text | None = None
    due: Text | None = None
    kind: Literal["component", "matter"] | None = None
    closed: Text | None = None
    cancelled: Text | None = None
    changed: Text | None = None
    closed_when: tuple[Text, ...] = ()
    cancelled_when: tuple[Text, ...] = ()

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a TOML document, whose ``name`` is put in errors.

        Raises
        ------
        InvalidDefinition
            ``not-toml``, ``invalid-definition``.
        """
        with definition_faults(name, lambda _: _KEYS):
            return cls.model_validate(tomllib.loads(text))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that it names, in order."""
        named = (
            self.class_, self.department, self.status, self.source, self.due,
            self.closed, self.cancelled, self.changed,
        )  # fmt: skip
        return tuple(dict.fromkeys(column for column in named if column is not None))

    def among(self, names: Container[str]) -> Self:
        """Return the columns without those that a layer lacks, as a source may leave some out.

        Status and closing date stay, one of which says whether a request has ended, unless the layer has the other.
        """
        named = {"class_": self.class_, "department": self.department, "source": self.source, "due": self.due}
        named |= {"cancelled": self.cancelled, "changed": self.changed}
        if self.status in names or self.closed in names:
            named |= {"status": self.status, "closed": self.closed}
        return self.model_copy(update={name: None for name, column in named.items() if column not in names})

    def request(self, row: Mapping[str, Any]) -> Request:
        """Return what a row says: ``st_key``, ``st_time``, ``seen``, ``lon``, ``lat``, ``cell``, and the columns.

        Instants are UTC microseconds.
        """
        ended, ended_us = self._end(row)
        facts = {"kind": self.kind, "cell": row.get("cell"), "lon": row.get("lon"), "lat": row.get("lat")}
        for name, column in (
            ("class", self.class_), ("department", self.department), ("status", self.status),
            ("source", self.source), ("due", self.due),
        ):  # fmt: skip
            facts[name] = None if column is None else row.get(column)
        values = {name: _scalar(facts[name]) for name in REQUEST_FACTS}
        written = {name: value for name, value in values.items() if value is not None}
        return Request(str(row["st_key"]), int(row["st_time"]), ended, ended_us, int(row["seen"]), written)

    def _end(self, row: Mapping[str, Any]) -> tuple[Literal["cancelled", "closed"] | None, int | None]:
        """Return how a request ended and when; no instant: the source does not say."""
        status = None if self.status is None else row.get(self.status)
        closed_us, cancelled_us, changed_us = (
            None if column is None else row.get(column)
            for column in (self.closed, self.cancelled, self.changed)
        )
        if status in self.cancelled_when or (cancelled_us is not None and status not in self.closed_when):
            return "cancelled", _first(cancelled_us, closed_us, changed_us)
        if status in self.closed_when or (closed_us is not None and not (self.closed_when and status)):
            return "closed", _first(closed_us, changed_us)
        return None, None


_KEYS = tuple(field.alias or name for name, field in RequestColumns.model_fields.items())


@dataclass(frozen=True, slots=True)
class Request:
    """A request as its source has it.

    Attributes
    ----------
    number, opened_us
        Its number, and when it was opened.
    ended, ended_us
        How it ended, None: it has not; and when, None: the source does not say.
    seen_us
        Since when the source is known to say so.
    facts
        What is known of it, by the names in `REQUEST_FACTS`.
    """

    number: str
    opened_us: int
    ended: Literal["cancelled", "closed"] | None
    ended_us: int | None
    seen_us: int
    facts: Mapping[str, Scalar]


def read_import(name: str) -> RequestColumns:
    """Return the columns of a bundled definition's requests; `InvalidInput` ``unknown-import``."""
    if name not in request_columns():
        raise InvalidInput(
            "unknown-import", f"which columns say how a request went is not known of definition '{name}'",
            hint=f"it is known of {', '.join(request_columns())}",
        )  # fmt: skip
    return RequestColumns.from_toml(bundled_text("layers", "imports", f"{name}.toml"), name=f"{name}.toml")


def import_of(source: str) -> RequestColumns:
    """Return the columns of the bundled definition that names a source; `InvalidInput` ``unknown-import``."""
    for name in request_columns():
        if tomllib.loads(bundled_text("layers", f"{name}.toml"))["source"] == source:
            return read_import(name)
    raise InvalidInput(
        "unknown-import", "which columns say how a request went is not known: the layer is of no bundled definition",
        hint=f"give them: those of {', '.join(request_columns())}, or a TOML document",
        in_shell="write them in a TOML file: --columns FILE",
    )  # fmt: skip


def _first(*instants: Any) -> int | None:
    return next((int(instant) for instant in instants if instant is not None), None)


def _scalar(value: Any) -> Scalar:
    """Return a value as actions state it: a text as one line, cut if it is long, None if nothing is in it."""
    if isinstance(value, bool | int | float) or value is None:
        return value
    return one_line(str(value))


def one_line(text: str | None) -> str | None:
    """Return a text as one line, cut if it is long; None if nothing is in it."""
    return None if text is None else " ".join(text.split())[:200].rstrip() or None
