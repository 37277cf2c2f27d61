"""The classes of components and matters: looked up by code and day, extended by a city's own.

Tested by `tests/paas/case/test_class_table.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Self

from stcloud.errors import InvalidDefinition, InvalidInput, NotFound, nearest
from stcloud.paas.case.classes.class_crosswalk import ClassCrosswalk
from stcloud.paas.case.classes.class_row import COLUMNS, KINDS, ClassRow, Language, class_digits
from stcloud.paas.case.classes.records import Record, from_csv, made, overlaps, period_text

__all__ = ["ClassTable"]

_INVALID = "invalid-classes"


class ClassTable:
    """Classes by kind, edition and code; it never changes.

    Parameters
    ----------
    rows
        The classes.
    crosswalk
        Which classes of a later edition took the place of those of an earlier one.
    name
        What to call the table in errors.

    Raises
    ------
    InvalidDefinition
        ``invalid-classes``: a class is there twice on one day, or its major class is not there.
    """

    def __init__(
        self, rows: Iterable[ClassRow], crosswalk: ClassCrosswalk | None = None, name: str = "classes"
    ) -> None:
        self.crosswalk = crosswalk or ClassCrosswalk()
        self._rows = tuple(rows)
        self._by_code: dict[tuple[str, str], list[ClassRow]] = {}
        for row in self._rows:
            self._by_code.setdefault((row.kind, row.code), []).append(row)
        faults = [*self._clashes(), *self._orphans()]
        if faults:
            raise InvalidDefinition("invalid-classes", name, faults=faults)

    @classmethod
    def from_csv(cls, text: str, name: str, crosswalk: ClassCrosswalk | None = None) -> Self:
        """Read a table of classes; `InvalidDefinition` ``invalid-classes`` with the faults of all rows."""
        return cls(_rows_of(from_csv(text, name, _INVALID), name), crosswalk, name)

    def extended(self, rows: str | Iterable[Record | ClassRow], name: str = "local classes") -> ClassTable:
        """Return a table with a city's own classes too.

        Parameters
        ----------
        rows
            CSV text, or records with the columns of the bundled tables.
        name
            What to call them in errors.

        Raises
        ------
        InvalidDefinition
            ``invalid-classes``: a row is wrong, a class is there already on one of its days, or its major class is
            unknown; with the faults of all rows.
        """
        records = from_csv(rows, name, _INVALID) if isinstance(rows, str) else rows
        added: list[ClassRow] = []
        plain: list[Record] = []
        for row in records:
            if isinstance(row, ClassRow):
                added.append(row)
            else:
                plain.append(row)
        return ClassTable([*self._rows, *added, *_rows_of(plain, name)], self.crosswalk, name)

    def __iter__(self) -> Iterator[ClassRow]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def look_up(
        self, kind: str, code: str, at: date | str | None = None, *, edition: str | None = None
    ) -> ClassRow:
        """Return the class that a code is of.

        Parameters
        ----------
        kind
            ``component`` or ``matter``.
        code
            A class code, or a longer code that contains one; see `class_digits`.
        at
            The day on which it is used; None: any, and of several the class of the newest edition.
        edition
            The edition it is of; None: any.

        Raises
        ------
        NotFound
            ``unknown-class``, with the nearest codes.
        InvalidInput
            ``class-not-valid``: there is such a class, and not on that day; the hint is what the crosswalk says.
            ``unknown-class-kind``, ``invalid-class-code``, ``unreadable-day``.
        """
        rows = self._versions(kind, class_digits(code, kind), edition)
        if at is None:
            return max(rows, key=lambda row: (row.edition, row.valid_from or date.min))
        day = _day(at)
        valid = [row for row in rows if row.is_valid(day)]
        if not valid:
            raise self._not_valid(max(rows, key=lambda row: row.edition), day)
        return max(valid, key=lambda row: row.edition)

    def name_of(
        self, kind: str | None, code: str, *, edition: str | None = None, language: Language = "en"
    ) -> str | None:
        """Return the name of the class of a code, for showing it; None: it has none, or not a single one.

        Parameters
        ----------
        kind
            ``component`` or ``matter``; None: of either, as long as it is only one name.
        code
            As for `look_up`, and any other text, which has no name.
        edition, language
            The edition it is of, None: any; ``en`` or ``zh``.
        """
        try:
            digits = class_digits(code, kind)
        except InvalidInput:
            return None
        names = set()
        for of in KINDS if kind is None else (kind,):
            rows = [row for row in self._by_code.get((of, digits), []) if edition in (None, row.edition)]
            if rows:
                newest = max(rows, key=lambda row: (row.edition, row.valid_from or date.min))
                names.add(newest.name_in(language))
        return names.pop() if len(names) == 1 else None

    def majors(self, kind: str, at: date | str | None = None) -> tuple[ClassRow, ...]:
        """Return the major classes of a kind that are valid on a day, or ever, by code; raises as `look_up`."""
        return self._chosen(kind, at, "")

    def children(self, kind: str, major: str, at: date | str | None = None) -> tuple[ClassRow, ...]:
        """Return the minor classes of a major class, by code; raises as `look_up`."""
        return self._chosen(kind, at, self.look_up(kind, major, at).code)

    def search(
        self, text: str = "", *, kind: str | None = None, at: date | str | None = None
    ) -> tuple[ClassRow, ...]:
        """Return the classes of a code, those whose codes begin with it, or those whose name contains a text.

        Parameters
        ----------
        text
            A minor class, a longer code that contains one, or the beginning of codes; or a part of a name in Chinese
            or English, in any case. Empty: all classes.
        kind, at
            Only of a kind; only those that are valid on a day.

        Returns
        -------
        The classes by kind, edition and code.

        Raises
        ------
        InvalidInput
            ``unknown-class-kind``, ``unreadable-day``
        """
        if kind is not None:
            _check_kind(kind)
        day = None if at is None else _day(at)
        wanted = text.strip().casefold()
        digits = class_digits(wanted) if wanted.isdecimal() and len(wanted) >= 10 else wanted
        rows = [
            row for row in self._rows
            if kind in (None, row.kind) and (day is None or row.is_valid(day)) and _matches(row, digits)
        ]  # fmt: skip
        exact = [row for row in rows if row.code == digits and row.major]
        return tuple(sorted(exact or rows, key=lambda row: row.key))

    def _chosen(self, kind: str, at: date | str | None, major: str) -> tuple[ClassRow, ...]:
        rows = self.search(kind=kind, at=at)
        return tuple(row for row in rows if row.major == major)

    def _versions(self, kind: str, digits: str, edition: str | None) -> list[ClassRow]:
        """Return the classes of a code, of whatever time; refuse a code that there is not."""
        _check_kind(kind)
        rows = [row for row in self._by_code.get((kind, digits), []) if edition in (None, row.edition)]
        if not rows:
            known = [row.code for row in self._rows if row.kind == kind and edition in (None, row.edition)]
            where = f" in the edition of {edition}" if edition else ""
            raise NotFound(
                "unknown-class",
                f"there is no class {digits} of {kind}s{where}",
                nearest=nearest(digits, known),
            )
        return rows

    def _not_valid(self, row: ClassRow, day: date) -> InvalidInput:
        about = f"{row.kind} {row.code} ({row.name}) is valid {period_text(*row.period)}, and not on {day}"
        return InvalidInput("class-not-valid", about, hint=self._instead(row, day))

    def _instead(self, row: ClassRow, day: date) -> str:
        """Return what the crosswalk says of a class that is not valid on a day."""
        if row.valid_from is not None and day < row.valid_from:
            codes = [entry.code for entry in self.crosswalk.predecessors(row.kind, row.code, row.edition)]
            edition, nothing = None, "the crosswalk names no earlier class"
        else:
            try:
                entry = self.crosswalk.translate(row.kind, row.code, row.edition)
            except NotFound:
                return "the crosswalk does not say what took its place"
            codes, edition, nothing = list(entry.codes), entry.to_edition, "no class took its place"
        names = [f"{code} ({self.name_of(row.kind, code, edition=edition)})" for code in codes]
        if not names:
            return nothing
        return f"use {names[0]}" if len(names) == 1 else f"choose one of {', '.join(names)}"

    def _clashes(self) -> Iterator[str]:
        for rows in self._by_code.values():
            for at, row in enumerate(rows):
                for other in rows[:at]:
                    if row.edition == other.edition and overlaps(row.period, other.period):
                        yield f"{row}, is there already: {other.name}"

    def _orphans(self) -> Iterator[str]:
        for row in self._rows:
            majors = self._by_code.get((row.kind, row.major), [])
            if row.major and not any(
                major.edition == row.edition and overlaps(major.period, row.period) for major in majors
            ):
                yield f"{row} has no major class {row.major} in the edition of {row.edition}"


def _rows_of(records: Iterable[Record], name: str) -> list[ClassRow]:
    return made(records, name, _INVALID, COLUMNS, ClassRow.of)


def _matches(row: ClassRow, text: str) -> bool:
    if text.isdecimal():
        return row.code.startswith(text)
    return text in row.name.casefold() or text in row.name_zh.casefold()


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise InvalidInput(
            "unknown-class-kind", f"'{kind}' is no kind of class", hint="give component or matter"
        )


def _day(at: date | str) -> date:
    """Return a day; of an instant its day on its own clock."""
    if isinstance(at, date):
        return date(at.year, at.month, at.day)
    try:
        return date.fromisoformat(at)
    except ValueError as error:
        raise InvalidInput("unreadable-day", f"'{at}' is no day", hint="write it as 2026-07-01") from error
