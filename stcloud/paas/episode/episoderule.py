"""Rules of episodes as a closed TOML document: of which value, beyond which threshold, for how long.

`docs/explanation/episodes.md` describes every key. Tested by `tests/paas/episode/test_episoderule.py`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from stcloud.daas.definition.clause import Closed, Text, definition_faults
from stcloud.daas.definition.document import toml_of
from stcloud.errors import InvalidDefinition

__all__ = ["EpisodeRule", "length_us"]

_UNITS_US = {"s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_LENGTH = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?(s|min|h|d)", re.ASCII)
_NAMING = {"id", "title", "layer"}

Level = Annotated[float, Field(allow_inf_nan=False, strict=True)]


class EpisodeRule(Closed):
    """What makes readings an episode.

    Attributes
    ----------
    id, title
        Name of the rule, and what people call such an episode.
    layer, value
        The layer of readings, and its column whose values are compared.
    above, below
        The threshold, in the unit of the column; one of them. A value that equals it is not beyond it.
    ends_below, ends_above
        An episode ends with the first value below ``ends_below`` (of a rule with ``above``), or above ``ends_above``;
        without it with the first value that is not beyond the threshold.
    least
        ``for``: how long values must be beyond the threshold without a break, such as ``3h``.
    gap
        How long readings may be missing without a break; ``0h``: not at all.
    step
        How long a reading stands for, until the next one; None: as the layer says.

    Examples
    --------
    >>> rule = EpisodeRule.from_toml('''
    ... id = "smog"
    ... layer = "air"
    ... value = "PM2.5"
    ... above = 115
    ... ends_below = 75
    ... for = "3h"
    ... gap = "1h"
    ... ''', name="smog.toml")
    >>> rule.text
    'PM2.5 above 115 for 3h, gaps up to 1h, ends below 75'
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    title: str = ""
    layer: Text
    value: Text
    above: Level | None = None
    below: Level | None = None
    ends_below: Level | None = None
    ends_above: Level | None = None
    least: Annotated[str, Field(alias="for")] = "0h"
    gap: str = "0h"
    step: str | None = None

    @field_validator("least", "gap", "step")
    @classmethod
    def _length(cls, text: str | None) -> str | None:
        if text is not None:
            length_us(text)
        return text

    @field_validator("step")
    @classmethod
    def _some(cls, text: str | None) -> str | None:
        if text is not None and length_us(text) == 0:
            raise ValueError("a reading stands for some time")
        return text

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("name one threshold: above or below")
        wrong = "ends_above" if self.below is None else "ends_below"
        if getattr(self, wrong) is not None:
            raise ValueError(f"{wrong} belongs to the other threshold")
        if self.above is not None and self.ends_below is not None and self.ends_below > self.above:
            raise ValueError(
                f"an episode that ends below {self.ends_below:g} cannot begin above {self.above:g}"
            )
        if self.below is not None and self.ends_above is not None and self.ends_above < self.below:
            raise ValueError(
                f"an episode that ends above {self.ends_above:g} cannot begin below {self.below:g}"
            )
        return self

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a TOML document, whose ``name`` is put in errors.

        Raises
        ------
        InvalidDefinition
            ``not-toml`` with the line; ``invalid-definition`` with all faults, their keys and the nearest valid key.
        """
        with definition_faults(name, _keys):
            return cls.from_document(tomllib.loads(text), name=name)

    @classmethod
    def from_document(cls, document: Mapping[str, object], *, name: str) -> Self:
        """Return the rule of a document's keys and values; `InvalidDefinition` ``invalid-definition``."""
        if "least" in document:  # the attribute, not its key
            raise InvalidDefinition(
                "invalid-definition", name, faults=["least: unknown key; did you mean 'for'?"]
            )
        with definition_faults(name, _keys):
            return cls.model_validate(document)

    def to_toml(self) -> str:
        """Return the rule as a TOML document that reads back as an equal rule."""
        return toml_of(self.model_dump(mode="json", exclude_defaults=True, by_alias=True))

    def digest(self) -> str:
        """Return a digest of what the rule means, 16 hexadecimal digits; names do not affect it."""
        lengths = {"least": self.least_us, "gap": self.gap_us, "step": self.step_us}
        meaning = self.model_dump(mode="json", exclude=_NAMING) | lengths
        text = json.dumps(meaning, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def least_us(self) -> int:
        """How long values must be beyond the threshold, microseconds."""
        return length_us(self.least)

    @property
    def gap_us(self) -> int:
        """How long readings may be missing, microseconds."""
        return length_us(self.gap)

    @property
    def step_us(self) -> int | None:
        """How long a reading stands for, microseconds; None: as the layer says."""
        return None if self.step is None else length_us(self.step)

    @property
    def sign(self) -> int:
        """1 if values are beyond the threshold when they are greater, -1 when they are less."""
        return -1 if self.above is None else 1

    @property
    def threshold(self) -> float:
        """The threshold, be it ``above`` or ``below``."""
        return next(level for level in (self.above, self.below) if level is not None)

    @property
    def release(self) -> float | None:
        """The last value that ends no episode: ``ends_below`` or ``ends_above``; None: none is stated."""
        return self.ends_below if self.above is not None else self.ends_above

    @property
    def text(self) -> str:
        """The rule in a line."""
        side, other = ("above", "below") if self.above is not None else ("below", "above")
        parts = [f"{self.value} {side} {self.threshold:g} for {self.least}", f"gaps up to {self.gap}"]
        return ", ".join(parts + ([] if self.release is None else [f"ends {other} {self.release:g}"]))


@functools.lru_cache(maxsize=256)
def length_us(text: str) -> int:
    """Return a length of real time such as ``30min``, ``3h`` or ``1d``, microseconds; `ValueError` for others."""
    read = _LENGTH.fullmatch(text)
    if read is None:
        raise ValueError(f"'{text}' is no length of time: write 30min, 3h or 1d")
    return round(float(read[1]) * _UNITS_US[read[2]])


def _keys(place: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that are known at a place of the document."""
    return () if place else tuple(field.alias or name for name, field in EpisodeRule.model_fields.items())
