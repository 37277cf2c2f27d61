"""The paper: questions of a city at one instant, with all that a template may put on a page.

Tested by `tests/saas/paper/test_paper.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stcloud.errors import InvalidInput
from stcloud.saas.paper.choices import PaperChoices
from stcloud.saas.paper.colours import palette_style
from stcloud.saas.paper.exhibits import section_of
from stcloud.saas.paper.scope import PaperScope
from stcloud.saas.paper.words import PaperWords
from stcloud.saas.report.caption import instant_text, title_of
from stcloud.time import instant_us

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.query import Question
    from stcloud.saas.paper.figure import PaperSection

__all__ = ["Paper", "PaperPart", "known_of", "paper_of"]

_METHODS = (
    "Every number is an answer of stcloud as known at the instant named above; later loads do not change it.",
    "Under each figure is the command that gives its numbers, with the names of files as they were typed.",
    "Periods end before the instant that is named last. Days and weeks are those of the city's clock.",
    "Areas are those that contained an event at its own time.",
    "Classes of maps and heat maps break where values differ most; the legend says how many areas each has.",
    "Hot spots are cells whose neighbourhood is unusual by Getis and Ord's Gi*, corrected for the number of tests.",
    "Times to close are of what is closed; half was closed within the median.",
)


@dataclass(frozen=True, slots=True, eq=False)
class PaperPart:
    """A question of a report.

    Parameters
    ----------
    title
        The question in words.
    question
        The question part by part: name and value.
    document
        The question as a TOML document.
    """

    title: str
    question: tuple[tuple[str, str], ...]
    document: str
    _scope: PaperScope = field(repr=False)

    def section(self, name: str) -> PaperSection:
        """Return a section, made when it is wanted; `NotFound` ``unknown-section``."""
        return section_of(self._scope, name)


@dataclass(frozen=True, slots=True, eq=False)
class Paper:
    """A report, as templates see it: values and words, and nothing that leads to the city.

    Parameters
    ----------
    title
        Its title; empty: that of the template.
    city, zone
        Name of the city, and of its time zone.
    known
        The instant at which everything is known, as commands take it.
    known_text
        The same to the second, as people read it.
    language
        ``en`` or ``zh``.
    parts
        Its questions.
    command
        The command that makes it again.
    """

    title: str
    city: str
    zone: str
    known: str
    known_text: str
    language: str
    parts: tuple[PaperPart, ...]
    command: str
    place: str

    @property
    def methods(self) -> tuple[str, ...]:
        """Notes on how the numbers are made."""
        return tuple(map(self.words, _METHODS))

    @property
    def palette(self) -> str:
        """Colours of the page as a stylesheet."""
        return palette_style()

    def words(self, english: str, **values: object) -> str:
        """Return a heading or a fixed word in the language of the report."""
        return PaperWords(self.language).text(english, **values)


def _title(scope: PaperScope) -> str:
    """Return the question in words; in Chinese its values as they were written."""
    if scope.words.language == "en":
        return title_of(scope.query)
    layer, question = scope.query.subject.layer, scope.question
    stated = "；".join([*question.what, *question.where, *question.when])
    return (
        f"{layer.definition.title or layer.name}：{stated}"
        if stated
        else layer.definition.title or layer.name
    )


def known_of(city: City, known_at: str | None = None, log: str | None = None) -> str:
    """Return the instant at which a report is pinned, as commands take it.

    Parameters
    ----------
    city
        The city.
    known_at
        The instant that was given; one to come is the newest, since loads may be recorded before it.
    log
        A log of its own, whose newest instant is the present; else it is that of the newest load of all layers.

    Raises
    ------
    InvalidInput
        ``pin-of-answer``: a pin names several instants; what `instant_us` raises.
    """
    zone = city.configuration.zone
    instants = [layer.pin_us() for layer in city.layers()]
    if log is not None and log in city.case_logs():
        instants.append(city.cases(log).pin())
    newest_us = max(instants, default=0)
    if known_at is None:
        return zone.iso(newest_us)
    if known_at.startswith("pin:"):
        raise InvalidInput(
            "pin-of-answer", "a report is known at one instant, and this is the pin of an answer",
            hint="give an instant, such as that of a load",
        )  # fmt: skip
    return known_at if instant_us(known_at, zone) <= newest_us else zone.iso(newest_us)


def paper_of(
    city: City,
    questions: Sequence[Question],
    *,
    place: str,
    title: str = "",
    language: str = "en",
    choices: PaperChoices | None = None,
    known_at: str | None = None,
    command: str = "",
    read: Callable[[str], Any] = str,
) -> Paper:
    """Return the report of questions.

    Parameters
    ----------
    city, place
        The city, and its folder or address as it is to be typed.
    questions
        At least one; relative times have a ``now``.
    title, language
        Title, empty: that of the template; ``en`` or ``zh``.
    choices
        What else was chosen.
    known_at
        Recorded instant of questions that name none; None: the newest of the city's layers.
    command
        The command that makes it, without its instant.
    read
        Returns what a place of a question is, such as the areas of ``file:…``.

    Raises
    ------
    InvalidInput, NotFound
        What is wrong with a question: ``unknown-layer``, ``unknown-column`` …; ``unknown-language``; what
        `known_of` raises.

    Notes
    -----
    Nothing but the number of rows is counted here: sections are made when a template wants them.
    """
    words, chosen = PaperWords(language), choices or PaperChoices()
    known = known_of(city, known_at, chosen.log)
    chosen.refuse_unknown(city, {question.layer for question in questions})
    parts = []
    for at, question in enumerate(questions, start=1):
        own = known if question.known_at is None else known_of(city, question.known_at, chosen.log)
        pinned = question.model_copy(update={"known_at": own})
        prefix = f"q{at}-" if len(questions) > 1 else ""
        scope = PaperScope(city, place, pinned, words, chosen, prefix, read)
        scope.answer(scope.asks(count=True))  # what is wrong with the question is said now
        parts.append(PaperPart(_title(scope), scope.parts_of(pinned), pinned.to_toml(), scope))
    configuration = city.configuration
    return Paper(
        title, configuration.name, configuration.zone.name, known, instant_text(known), language, tuple(parts),
        command, place,
    )  # fmt: skip
