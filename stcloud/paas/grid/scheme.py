"""Code schemes: how a code is made of parts, as a closed TOML document.

A scheme is data (`grids/*.toml`), because standards change their codes: the unit grid went from 14 characters
to 15. What reads and checks codes by a scheme is in `code.py`.

Tested by `tests/paas/grid/test_code.py`.
"""

from __future__ import annotations

import tomllib
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from stcloud.daas.definition.clause import Closed, Text, definition_faults
from stcloud.errors import NotFound, nearest

__all__ = ["CodePart", "Conversion", "Range", "Scheme"]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Length = Annotated[int, Field(ge=1, le=64)]

_CHARACTERS = {"digits": "0-9", "digits-and-capitals": "0-9A-Z"}


class Range(Closed):
    """What the numbers of a part from one to another, both included, tell about the thing."""

    start: Annotated[Text, Field(alias="from")]
    end: Annotated[Text, Field(alias="to")]
    meaning: Text
    meaning_zh: str = ""


class CodePart(Closed):
    """Some neighbouring characters of a code.

    ``lowest`` is the least value that is valid; ``ranges`` only tell what numbers mean: real codes do not
    keep to them, so what lies in none of them is valid.
    """

    name: Name
    length: Length
    alphabet: Literal["digits", "digits-and-capitals"] = "digits"
    lowest: Text | None = None
    meaning: Text
    meaning_zh: str = ""
    ranges: tuple[Range, ...] = ()

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        edges = [edge for part_range in self.ranges for edge in (part_range.start, part_range.end)]
        for value in [*edges, *([self.lowest] if self.lowest else [])]:
            if len(value) != self.length:
                raise ValueError(f"{value!r} has {len(value)} characters and the part has {self.length}")
        if edges != sorted(edges):
            raise ValueError("ranges ascend and do not overlap")
        return self

    @property
    def characters(self) -> str:
        """Allowed characters, as a regular expression lists them."""
        return _CHARACTERS[self.alphabet]


class Conversion(Closed):
    """How codes become codes of another scheme, or why they cannot.

    Parts of one name are equal; the numbers of the parts in ``resize`` keep their value in another width.
    """

    to: Id
    resize: tuple[Name, ...] = ()
    source: str = ""
    undefined: str = ""

    @model_validator(mode="after")
    def _either(self) -> Self:
        if bool(self.source) == bool(self.undefined):
            raise ValueError("say the source that defines it, or why it is undefined")
        return self


class Scheme(Closed):
    """What a code looks like and what its parts mean.

    Examples
    --------
    >>> scheme = Scheme.from_toml('''
    ... id = "block-5"
    ... kind = "code-scheme"
    ... title = "Block"
    ... prefixes = { district = 2 }
    ... [[parts]]
    ... name = "division"
    ... length = 2
    ... meaning = "district of the city"
    ... [[parts]]
    ... name = "sequence"
    ... length = 3
    ... lowest = "001"
    ... meaning = "number in its district"
    ... ''', name="block-5.toml")
    >>> scheme.length, scheme.prefix_length("district"), scheme.span("sequence")
    (5, 2, slice(2, 5, None))
    """

    id: Id
    kind: Literal["code-scheme"]
    title: Text
    title_zh: str = ""
    compatible_with: str = ""
    source: str = ""
    prefixes: dict[Name, Length] = Field(default_factory=dict)
    parts: Annotated[tuple[CodePart, ...], Field(min_length=1)]
    conversions: tuple[Conversion, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise ValueError(f"parts have names of their own, these are {', '.join(names)}")
        ends = {self.span(name).stop for name in names}
        for name, length in self.prefixes.items():
            if length not in ends:
                raise ValueError(f"prefix {name} of {length} characters ends inside a part")
        strange = {name for conversion in self.conversions for name in conversion.resize} - set(names)
        if strange:
            raise ValueError(f"there is no part {', '.join(sorted(strange))} to resize")
        return self

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a scheme.

        Parameters
        ----------
        text
            The TOML document.
        name
            What to call it in errors, e.g. its file name.

        Returns
        -------
        The scheme.

        Raises
        ------
        InvalidDefinition
            ``not-toml`` with the line; ``invalid-definition`` with every fault, its key and the nearest known key.
        """
        with definition_faults(name, _keys):
            return cls.model_validate(tomllib.loads(text))

    @property
    def length(self) -> int:
        """Number of characters of a code."""
        return sum(part.length for part in self.parts)

    def span(self, part: str) -> slice:
        """Characters of a part within a code, counted from 0.

        Parameters
        ----------
        part
            Name of the part.

        Returns
        -------
        The slice, half-open.

        Raises
        ------
        NotFound
            ``unknown-part``
        """
        start = 0
        for own_part in self.parts:
            if own_part.name == part:
                return slice(start, start + own_part.length)
            start += own_part.length
        names = [own_part.name for own_part in self.parts]
        raise NotFound(
            "unknown-part",
            f"{self.id} has no part {part!r}",
            nearest=nearest(part, names),
            hint=f"it has {', '.join(names)}",
        )

    def part_at(self, position: int) -> CodePart:
        """Return the part that holds a character.

        Parameters
        ----------
        position
            From 0 to below ``length``.

        Returns
        -------
        The part.
        """
        return next(part for part in self.parts if position < self.span(part.name).stop)

    def prefix_length(self, prefix: str) -> int:
        """Count the characters of a prefix, e.g. of ``community``.

        Parameters
        ----------
        prefix
            Name of the prefix.

        Returns
        -------
        How many characters of a code tell it.

        Raises
        ------
        NotFound
            ``unknown-prefix``
        """
        if prefix not in self.prefixes:
            raise NotFound(
                "unknown-prefix",
                f"{self.id} has no prefix {prefix!r}",
                nearest=nearest(prefix, self.prefixes),
                hint=f"it has {', '.join(self.prefixes) or 'none'}",
            )
        return self.prefixes[prefix]

    def conversion(self, to: str) -> Conversion | None:
        """Return what is stated of a conversion to the scheme called ``to``, or None."""
        return next((conversion for conversion in self.conversions if conversion.to == to), None)


_MODELS: dict[str, type[BaseModel]] = {"parts": CodePart, "ranges": Range, "conversions": Conversion}


def _keys(place: tuple[int | str, ...]) -> list[str]:
    within = [str(part) for part in place if str(part) in _MODELS]
    fields = _MODELS[within[-1]].model_fields if within else Scheme.model_fields
    return [field.alias or name for name, field in fields.items()]
