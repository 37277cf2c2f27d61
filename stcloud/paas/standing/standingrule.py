"""Rules of standing questions as a closed TOML or JSON document: a question, a threshold, a window, a group.

`docs/explanation/standing-questions.md` describes every key. Tested by `tests/paas/standing/test_standingrule.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from stcloud.paas.episode.episoderule import EpisodeRule, Level, length_us
from stcloud.paas.query.spec.question import Question
from stcloud.paas.standing.ruledocument import RuleDocument

__all__ = ["StandingRule"]

_OF_QUESTION = frozenset({
    "layer", "version", "what", "where", "when", "weekdays", "hours", "months", "seasons", "days", "calendar", "crs",
    "by",
})  # fmt: skip
"""Keys of a question that a rule may have: which rows, and what they are grouped by."""
_READING = ("value", "step", "ends_above")

Count = Annotated[int, Field(ge=0, strict=True)]


class StandingRule(RuleDocument):
    """A question that is asked of every row of a layer as it arrives.

    Three kinds, by what they have: `within` counts rows in a window; `value` watches readings; without both, it
    watches where something is, such as a mover in an area.

    Attributes
    ----------
    question
        Which rows, and by which columns they are grouped.
    more_than, at_least
        How many rows within the window make an incident; one of them.
    within
        Length of the window, which slides along valid time: ``(t - within, t]``.
    value, above, below
        The column whose values are compared, and the threshold, in its unit; one of the two.
    least
        ``for``: how long without a break, such as ``3h``.
    gap
        How long readings may be missing without a break. Of movers: how long one may be silent; None: for ever.
    step
        How long a reading stands for; None: as the layer says.
    ends_below, ends_above
        The incident lasts until the count or the value is below (above) this; None: until it does not reach the
        threshold.
    quiet
        What begins so soon after the end of an incident belongs to it.

    Examples
    --------
    >>> rule = StandingRule.from_toml('''
    ... id = "busy-unit"
    ... more_than = 5
    ... within = "1h"
    ... [question]
    ... layer = "requests"
    ... what = "class = '06010'"
    ... by = "unit"
    ... ''', name="busy.toml")
    >>> rule.text
    'more than 5 rows within 1h by unit'
    """

    table: ClassVar[str] = "question"
    attributes: ClassVar[Mapping[str, str]] = {**RuleDocument.attributes, "least": "for"}

    more_than: Count | None = None
    at_least: Annotated[int, Field(ge=1, strict=True)] | None = None
    within: str | None = None
    value: Annotated[str, Field(min_length=1)] | None = None
    above: Level | None = None
    below: Level | None = None
    least: Annotated[str, Field(alias="for")] = "0h"
    gap: str | None = None
    step: str | None = None
    ends_below: Level | None = None
    ends_above: Level | None = None
    quiet: str = "0h"
    question: Question

    @field_validator("within", "least", "gap", "step", "quiet")
    @classmethod
    def _lengths(cls, text: str | None) -> str | None:
        if text is not None:
            length_us(text)
        return text

    @field_validator("question")
    @classmethod
    def _of_rows(cls, question: Question) -> Question:
        given = question.model_dump(exclude_defaults=True).keys() - _OF_QUESTION
        if given:
            raise ValueError(f"a rule's question has no {', '.join(sorted(given))}")
        return question

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.within is not None:
            self._check_count()
        elif self.value is not None:
            _ = self.episode_rule
        else:
            self._check_presence()
        return self

    def _check_count(self) -> None:
        if (self.more_than is None) == (self.at_least is None):
            raise ValueError("a rule with a window has one threshold: more_than or at_least")
        if length_us(self.within or "") == 0:
            raise ValueError("a window has some length")
        wrong = [name for name in (*_READING, "above", "below", "gap") if getattr(self, name) is not None]
        if wrong or length_us(self.least):
            raise ValueError(
                f"{', '.join(wrong) or 'for'} belongs to readings: a window has only rows to count"
            )
        if self.ends_below is not None and not 1 <= self.ends_below <= self.count:
            raise ValueError(f"ends_below lies between 1 and {self.count}, the count that begins an incident")

    def _check_presence(self) -> None:
        if self.more_than is not None or self.at_least is not None:
            raise ValueError('a count needs a window: add within = "1h"')
        wrong = [
            name for name in (*_READING, "above", "below", "ends_below") if getattr(self, name) is not None
        ]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: name the value that is compared")
        if not self.question.by:
            raise ValueError(
                "a rule without a window and a value watches something: name it by the question's by"
            )
        if not self.question.where and not self.question.what:
            raise ValueError("a rule without a window and a value needs a where or a what")

    @property
    def layer(self) -> str:
        """Name of the layer whose rows are looked at."""
        return self.question.layer

    @property
    def count(self) -> int:
        """How many rows within the window begin an incident; 0 of a rule without a window."""
        return self.at_least or (0 if self.more_than is None else self.more_than + 1)

    @property
    def threshold(self) -> float:
        """What a count or a value is compared with: 1 of movers."""
        given = (self.more_than, self.at_least, self.above, self.below)
        return next((float(level) for level in given if level is not None), 1.0)

    @property
    def episode_rule(self) -> EpisodeRule:
        """The same as a rule of episodes, of a rule that watches readings; `ValueError` for faults."""
        return EpisodeRule(
            id=self.id, layer=self.layer, value=self.value or "", above=self.above, below=self.below,
            ends_below=self.ends_below, ends_above=self.ends_above, least=self.least, gap=self.gap or "0h",
            step=self.step,
        )  # fmt: skip

    @property
    def within_us(self) -> int:
        """Length of the window, microseconds; 0 of a rule without one."""
        return 0 if self.within is None else length_us(self.within)

    @property
    def least_us(self) -> int:
        """How long an incident must last to be one, microseconds."""
        return length_us(self.least)

    @property
    def quiet_us(self) -> int:
        """How soon after an incident another one belongs to it, microseconds."""
        return length_us(self.quiet)

    @property
    def text(self) -> str:
        """The rule in a line."""
        by = f" by {', '.join(self.question.by)}" if self.question.by else ""
        if self.within is not None:
            words = f"more than {self.more_than}" if self.at_least is None else f"at least {self.at_least}"
            head = f"{words} rows within {self.within}{by}"
            ends = "" if self.ends_below is None else f", ends below {self.ends_below:g}"
        elif self.value is not None:
            head, ends = f"{self.episode_rule.text}{by}", ""
        else:
            head = f"{' or '.join(self.question.where) or ' and '.join(self.question.what)}{by}"
            ends = f" for {self.least}" if self.least_us else ""
        return head + ends + (f", quiet {self.quiet}" if self.quiet_us else "")

    @classmethod
    def keys(cls, place: tuple[int | str, ...]) -> tuple[str, ...]:
        """Return the keys that are known at a place of the document."""
        if place == (cls.table,):
            return tuple(name for name in Question.model_fields if name in _OF_QUESTION)
        return super().keys(place)
