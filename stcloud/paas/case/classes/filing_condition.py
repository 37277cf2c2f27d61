"""Filing conditions: in which words a case of a class is filed and closed, within what limit, and by whom.

One class has several conditions, and cities differ in all of them: so they are data, each with its own validity.

Tested by `tests/paas/case/test_class_conditions.py`.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self

from stcloud.errors import InvalidDefinition, NotFound, nearest
from stcloud.paas.case.classes.class_row import KINDS
from stcloud.paas.case.classes.class_table import ClassTable
from stcloud.paas.case.classes.records import Record, day_of, from_csv, made, overlaps, period_text

__all__ = ["LIMIT_KINDS", "ConditionTable", "FilingCondition"]

LIMIT_KINDS = ("urgent_hour", "work_hour", "work_day", "natural_day")
"""Clocks of limits: hours around the clock, working hours, working days, calendar days."""
_COLUMNS = (
    ("kind", "edition", "code", "condition", "filing", "limit_kind", "limit_value", "closing", "department"),
    ("valid_from", "valid_to", "source"),
)
_INVALID = "invalid-conditions"


@dataclass(frozen=True, slots=True)
class FilingCondition:
    """One condition of a class.

    Parameters
    ----------
    kind, edition, code
        The class; see `ClassRow`.
    condition
        What it is called; one class has each name once on a day.
    filing, closing
        When a case is filed, and when it may be closed, in words.
    limit_kind, limit_value
        The clock of the limit, one of `LIMIT_KINDS`, and how many of its hours or days.
    department
        Who is responsible.
    valid_from, valid_to
        The days on which it is valid, half-open; None: no end is known.
    source
        Where it is from.
    """

    kind: str
    edition: str
    code: str
    condition: str
    filing: str
    limit_kind: str
    limit_value: float
    closing: str
    department: str
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return the condition of a record; ``ValueError`` with the first fault, in the words of its columns."""
        text = {name: str(value).strip() for name, value in record.items() if value is not None}
        if text["kind"] not in KINDS:
            raise ValueError(f"kind '{text['kind']}' is neither component nor matter")
        if text["limit_kind"] not in LIMIT_KINDS:
            near = nearest(text["limit_kind"], LIMIT_KINDS)
            proposal = f"; did you mean '{near[0]}'?" if near else f": it is one of {', '.join(LIMIT_KINDS)}"
            raise ValueError(f"limit_kind '{text['limit_kind']}' is unknown{proposal}")
        start, end = day_of(record, "valid_from"), day_of(record, "valid_to")
        if start and end and start >= end:
            raise ValueError(f"valid_from {start} is not before valid_to {end}")
        texts = (text["kind"], text["edition"], text["code"], text["condition"], text["filing"])
        limit = (text["limit_kind"], _positive(text["limit_value"]))
        return cls(*texts, *limit, text["closing"], text["department"], start, end, text.get("source", ""))

    @property
    def period(self) -> tuple[date | None, date | None]:
        """The days on which it is valid, half-open."""
        return self.valid_from, self.valid_to

    def is_valid(self, day: date) -> bool:
        """Return whether it is valid on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )

    @property
    def limit_text(self) -> str:
        """The limit in words: ``4 work hours``."""
        return (
            f"{self.limit_value:g} {self.limit_kind.replace('_', ' ')}{'' if self.limit_value == 1 else 's'}"
        )


class ConditionTable:
    """The conditions of a city; it never changes.

    Parameters
    ----------
    conditions
        The conditions.
    classes
        The classes that they are of; None: they were checked against them when they were accepted.
    name
        What to call the table in errors.

    Raises
    ------
    InvalidDefinition
        ``invalid-conditions``: a class is unknown or never valid while the condition is, or two conditions of a class
        have one name on one day; with all faults.
    """

    def __init__(
        self, conditions: Iterable[FilingCondition], classes: ClassTable | None, name: str = "conditions"
    ) -> None:
        self._conditions = tuple(conditions)
        strangers = () if classes is None else _strangers(self._conditions, classes)
        faults = [*strangers, *_clashes(self._conditions)]
        if faults:
            raise InvalidDefinition("invalid-conditions", name, faults=faults)

    @classmethod
    def from_csv(cls, text: str, classes: ClassTable | None, name: str = "conditions") -> Self:
        """Read conditions from CSV with a header line.

        Raises
        ------
        InvalidDefinition
            ``invalid-conditions``, with the faults of all rows: an unknown column, an empty value, an unknown kind of
            limit, a value that is not positive; and what the class refuses.
        """
        return cls(
            made(from_csv(text, name, _INVALID), name, _INVALID, _COLUMNS, FilingCondition.of), classes, name
        )

    @classmethod
    def from_toml(cls, text: str, classes: ClassTable, name: str = "conditions") -> Self:
        """Read conditions from TOML, a table ``[[condition]]`` each; raises as `from_csv`, and ``not-toml``."""
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidDefinition("not-toml", f"{name} is not TOML: {error}") from error
        records = document.pop("condition", [])
        if document or not isinstance(records, list):
            fault = f"{', '.join(document) or 'condition'}: only tables [[condition]] are known"
            raise InvalidDefinition("invalid-conditions", name, faults=[fault])
        return cls(made(records, name, _INVALID, _COLUMNS, FilingCondition.of), classes, name)

    def __iter__(self) -> Iterator[FilingCondition]:
        return iter(self._conditions)

    def __len__(self) -> int:
        return len(self._conditions)

    def of_class(self, kind: str, code: str, at: date) -> tuple[FilingCondition, ...]:
        """Return the conditions of a class that are valid on a day, in the order of the table; maybe none."""
        return tuple(
            entry for entry in self._conditions
            if (entry.kind, entry.code) == (kind, code) and entry.is_valid(at)
        )  # fmt: skip

    def binding(self, kind: str, code: str, condition: str, at: date) -> FilingCondition:
        """Return the condition of a class that binds on a day.

        Raises
        ------
        NotFound
            ``unknown-condition``: the class has none of this name on that day; with the nearest names.
        """
        known = {entry.condition: entry for entry in self.of_class(kind, code, at)}
        if condition not in known:
            names = ", ".join(known) or "none"
            raise NotFound(
                "unknown-condition",
                f"{kind} {code} has no condition '{condition}' on {at} (it has: {names})",
                nearest=nearest(condition, known),
            )
        return known[condition]


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError(f"limit_value '{text}' is no number") from error
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"limit_value {text} is not positive")
    return value


def _strangers(conditions: Iterable[FilingCondition], classes: ClassTable) -> Iterator[str]:
    """Give a fault for each condition of a class that there is not, or not while the condition is valid."""
    for number, entry in enumerate(conditions, 1):
        rows = [row for row in classes if row.key == (entry.kind, entry.edition, entry.code)]
        if not rows:
            known = [row.code for row in classes if (row.kind, row.edition) == (entry.kind, entry.edition)]
            near = nearest(entry.code, known)
            proposal = f"; did you mean '{near[0]}'?" if near else ""
            yield f"row {number}: there is no {entry.kind} {entry.code} in the edition of {entry.edition}{proposal}"
        elif not any(overlaps(row.period, entry.period) for row in rows):
            yield f"row {number}: it is valid {period_text(*entry.period)}, but {rows[0]}"


def _clashes(conditions: tuple[FilingCondition, ...]) -> Iterator[str]:
    earlier: dict[tuple[str, str, str], list[tuple[int, FilingCondition]]] = {}
    for number, entry in enumerate(conditions, 1):
        same = earlier.setdefault((entry.kind, entry.code, entry.condition), [])
        for at, other in same:
            if overlaps(entry.period, other.period):
                yield (
                    f"row {number}: condition '{entry.condition}' of {entry.kind} {entry.code} is valid "
                    f"{period_text(*entry.period)}, and row {at} {period_text(*other.period)}: the periods overlap"
                )
        same.append((number, entry))
