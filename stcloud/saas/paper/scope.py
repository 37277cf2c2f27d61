"""The scope of a part: its question at its pin, what people chose besides, and how figures are made of answers.

Tested by `tests/saas/paper/test_exhibits.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from stcloud.paas.query.condition.during import During
from stcloud.saas.paper.choices import PaperChoices
from stcloud.saas.paper.figure import FigureTable, PaperFigure
from stcloud.saas.reproduction import python_text, shell_text

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.query import Answer, Query, Question
    from stcloud.saas.paper.words import PaperWords

__all__ = ["PaperScope", "table_of"]

_DAY_US = 86_400_000_000
_FORMAT = ("--format", "csv")
_GOALS: Mapping[str, Any] = {
    "by": (), "measure": (), "count": False, "until": None, "having": None, "compare": None, "rated_at": None,
    "order": (), "limit": None, "after": None,
}  # fmt: skip
"""Fields of a question that say what is answered, empty: what is left says of which rows."""
_NAMES = {"of_group": "group", "grid_at": "grid at", "now": "as seen from", "measure": "measured",
          "compare": "compared with", "as_of": "as of", "known_at": "known at", "group": "of the group"}  # fmt: skip
_RECURRING = ("weekdays", "hours", "months", "seasons", "days", "calendar")
_COMPARED = {"previous": "the period before", "year": "the same period a year earlier"}
_UNSAID = ("version", "limit", "order", "after", "count", "crs")


def _as_written(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True, eq=False)
class PaperScope:
    """A question of a report in its city.

    Parameters
    ----------
    city, place
        The city, and its folder or address as it was typed.
    question
        The question with an instant for ``known_at``.
    words, choices
        The language, and what was chosen besides.
    prefix
        What the anchors of its figures begin with.
    read
        Returns what a place of the question is, such as the areas of ``file:…``.
    """

    city: City
    place: str
    question: Question
    words: PaperWords
    choices: PaperChoices = field(default_factory=PaperChoices)
    prefix: str = ""
    read: Callable[[str], Any] = _as_written

    @property
    def rows(self) -> Question:
        """The question about rows alone: nothing is grouped, measured or left out."""
        return self.question.model_copy(update=dict(_GOALS))

    @property
    def query(self) -> Query:
        """The query about these rows."""
        return self.narrowed(self.rows)

    @property
    def known(self) -> str:
        """The instant at which everything is known."""
        return str(self.question.known_at)

    def narrowed(self, question: Question) -> Query:
        """Return the query of a question."""
        return question.narrow(self.city.query(question.layer), self.read)

    def asks(self, **goal: Any) -> Question:
        """Return a question about the rows: ``by``, ``measure``, ``compare`` and others as a `Question` has them."""
        return self.rows.model_copy(update=goal)

    def answer(self, question: Question) -> Answer:
        """Answer a question; raises what `Question.answer` raises."""
        return question.answer(self.narrowed(question), self.read)

    @property
    def span_us(self) -> tuple[int, int] | None:
        """From when to when the question is, UTC microseconds; None: an end is open."""
        ends = [
            (span.start_us, span.end_us)
            for condition in self.query.conditions if isinstance(condition, During)
            for span in condition.when.spans
        ]  # fmt: skip
        starts, stops = [start for start, _ in ends], [stop for _, stop in ends]
        if not ends or None in starts or None in stops:
            return None
        return min(starts), max(stops)  # type: ignore[type-var, return-value]

    @property
    def days(self) -> tuple[date, date] | None:
        """The first and the last day of the question's time on the city's clock; None: an end is open."""
        if (span := self.span_us) is None:
            return None
        local = self.city.configuration.zone.to_local(np.array([span[0], span[1] - 1]))
        first, last = (date(1970, 1, 1) + timedelta(days=int(at) // _DAY_US) for at in local)
        return first, last

    @property
    def bin(self) -> str:
        """The bin of time in which the course of the question's time is drawn."""
        if (span := self.span_us) is None:
            return "month"
        length = (span[1] - span[0]) / _DAY_US
        return "hour" if length <= 3 else "day" if length <= 100 else "week" if length <= 750 else "month"

    def parts_of(self, question: Question) -> tuple[tuple[str, str], ...]:
        """Return a question part by part, names in the language of the report, values as they were written."""
        given: dict[str, Any] = question.model_dump(mode="json", exclude_defaults=True, exclude={*_UNSAID})
        parts = []
        recurring = ", ".join(str(given.pop(name)) for name in _RECURRING if name in given)
        if recurring:
            given["recurring"] = recurring
        for name, value in given.items():
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            text = self.words.text(_COMPARED[text]) if name == "compare" and text in _COMPARED else text
            parts.append((self.words.text(_NAMES.get(name, name)), text))
        return tuple(parts)

    def figure(
        self, name: str, title: str, question: Question, answer: Answer, drawing: str,
        *, shown: int | None = None, notes: Sequence[str] = (),
    ) -> PaperFigure:  # fmt: skip
        """Return the figure of an answer to a question; ``shown`` rows of it are in the table, None: all."""
        table = table_of(answer, len(question.by), shown)
        return PaperFigure(
            f"{self.prefix}{name}", title, self.parts_of(question), drawing, table.markup(title, self.words),
            shell_text(question, self.place, options=(_FORMAT,)), python_text(question), tuple(notes),
            is_short=table.is_short,
        )  # fmt: skip

    def other_figure(
        self, name: str, title: str, table: FigureTable, drawing: str, command: str, python: str = "",
        notes: Sequence[str] = (), stated: Sequence[tuple[str, str]] = (),
    ) -> PaperFigure:  # fmt: skip
        """Return the figure of another command than `query`; ``stated`` are its parts, empty: those of the rows."""
        parts = tuple((self.words.text(name), value) for name, value in stated)
        parts = (*parts, (self.words.text("known at"), self.known)) if stated else self.parts_of(self.rows)
        return PaperFigure(
            f"{self.prefix}{name}", title, parts, drawing, table.markup(title, self.words), command, python,
            tuple(notes), is_short=table.is_short,
        )  # fmt: skip

    def at(self, prefix: str) -> PaperScope:
        """Return the scope with other anchors."""
        return replace(self, prefix=prefix)


def table_of(answer: Answer, groups: int, shown: int | None = None) -> FigureTable:
    """Return the table of an answer, with labels of its codes; of its first rows, if not all are shown."""
    plain = answer.plain if shown is None else answer.plain.slice(0, shown)
    labels: dict[str, dict[Any, str]] = {}
    for name, column in answer.coded.items():
        if name in plain.schema.names:
            codes = [code for code in plain[name].to_pylist() if code is not None]
            labels[name] = {code: column.label(code) for code in codes}
    rows = tuple(zip(*(plain[name].to_pylist() for name in plain.schema.names), strict=True))
    return FigureTable(tuple(plain.schema.names), rows, labels, groups, whole=len(plain) == len(answer))
