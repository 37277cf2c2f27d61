"""The functions that a filter may call: a closed set.

==================== ======== ================================================================
``casei(text)``      text     Unicode case folding: ``Straße`` and ``STRASSE`` are equal
``accenti(text)``    text     without the accents of its letters
``lower(text)``      text     in lower case
``upper(text)``      text     in upper case
``length(text)``     integer  number of characters (code points)
``list(text, sep)``  array    the text's parts between separators, without white space around them
``abs(x)``           number   without its sign
``floor(x)``         number   the greatest whole number that is not greater
``ceil(x)``          number   the least whole number that is not less
``round(x)``         number   the nearest whole number, halves away from zero
``year(t)``          integer  year of a day, or of an instant in the city's zone
``month(t)``         integer  1 to 12, likewise
``day(t)``           integer  1 to 31, likewise
``days(a - b)``      number   a difference of two days or instants; ``hours``, ``minutes``, ``seconds``: `lapse`
``buffer(g, m)``     geometry what lies within so many metres; a circle has 128 corners
==================== ======== ================================================================

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stcloud.errors import InvalidInput
from stcloud.paas.query.filter.node import NUMERIC, Call, Constant, Kind, Node
from stcloud.paas.query.join.how import require_reach
from stcloud.time import Zone

__all__ = ["FUNCTIONS", "SPELLINGS", "Function", "call", "fold_accents"]

_KEPT_VOICING = "\u3099\u309a"
"""Japanese voicing marks: they make another letter, and CQL2 asks to keep them."""


class _Accents(dict[int, int | None]):
    """What a letter of a decomposition becomes: None, if it combines with the one before; found out once a letter."""

    def __missing__(self, code: int) -> int | None:
        letter = chr(code)
        self[code] = None if unicodedata.combining(letter) and letter not in _KEPT_VOICING else code
        return self[code]


_ACCENTS = _Accents()


@dataclass(frozen=True, slots=True)
class Function:
    """What a function takes, of each argument the kinds that fit, and the kind of what it gives."""

    takes: tuple[tuple[Kind, ...], ...]
    gives: Kind

    def fits(self, arguments: tuple[Node, ...]) -> bool:
        """Tell whether it takes these arguments."""
        return len(arguments) == len(self.takes) and all(
            argument.kind in kinds for argument, kinds in zip(arguments, self.takes, strict=True)
        )


def fold_accents(text: str) -> str:
    """Return a text without accents: what combines with a letter is left out of its canonical decomposition.

    A letter that has no decomposition (``ø``, ``ł``, ``đ``) stays; so do the Japanese voicing marks.

    >>> fold_accents("Débárquér"), fold_accents("Beyonce\u0301"), fold_accents("が"), fold_accents("ø")
    ('Debarquer', 'Beyonce', 'が', 'ø')
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).translate(_ACCENTS))


SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "casei": str.casefold, "accenti": fold_accents, "lower": str.lower, "upper": str.upper,
}  # fmt: skip
"""Functions that spell a text in another way."""

_NUMBER: tuple[Kind, ...] = ("integer", "number")
_TIME: tuple[Kind, ...] = ("date", "instant")
FUNCTIONS: Mapping[str, Function] = {
    **{name: Function((("text",),), "text") for name in SPELLINGS},
    "length": Function((("text",),), "integer"),
    "list": Function((("text",), ("text",)), "array"),
    **{name: Function((_NUMBER,), "number") for name in ("abs", "floor", "ceil", "round")},
    **{name: Function((_TIME,), "integer") for name in ("year", "month", "day")},
    "buffer": Function((("geometry",), _NUMBER), "geometry"),
}


def call(name: str, arguments: tuple[Node, ...], zone: Zone) -> Node:
    """Return a call of a function, or, of a text that was written, what it gives.

    Raises
    ------
    InvalidInput
        ``wrong-type``: it takes other arguments; ``invalid-distance``: a buffer of what is no distance.

    Notes
    -----
    ``name`` is one of `FUNCTIONS`, in any case: see `require_function`.
    """
    known = name.lower()
    function = FUNCTIONS[known]
    if known == "buffer" and len(arguments) == 3 and arguments[2] == Constant("text", "m"):
        arguments = arguments[:2]
    if not function.fits(arguments):
        kinds = ", ".join(argument.kind for argument in arguments)
        raise InvalidInput("wrong-type", f"{known} takes {_parameters(function)}, found {kinds or 'nothing'}")
    if known in SPELLINGS and isinstance(arguments[0], Constant):
        return Constant("text", SPELLINGS[known](arguments[0].value))
    if known in ("list", "buffer") and not isinstance(arguments[1], Constant):
        raise InvalidInput("wrong-type", f"the second argument of {known} is written, not computed")
    if known == "buffer" and isinstance(arguments[1], Constant):
        require_reach(abs(float(arguments[1].value)))
    if known == "list" and arguments[1] == Constant("text", ""):
        raise InvalidInput("wrong-type", "the separator of list is empty", hint="e.g. list(tags, ';')")
    zoned = (Constant("text", zone.name),) if known in ("year", "month", "day") else ()
    return Call(function.gives, known, (*arguments, *zoned))


def _parameters(function: Function) -> str:
    return ", ".join("number" if kinds == NUMERIC else " or ".join(kinds) for kinds in function.takes)
