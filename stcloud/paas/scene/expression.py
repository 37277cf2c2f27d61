"""Arithmetic of bands, as measures are written: ``(nir - red) / (nir + red)``, ``sqrt(red)``, ``max(nir, 0)``.

Tested by `tests/paas/scene/test_expression.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.query.filter import parse_expression

if TYPE_CHECKING:
    from stcloud.paas.scene.pixels import Pixels

__all__ = ["BandExpression"]

Floats = NDArray[np.float64]

_OPERATORS: Mapping[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide,
    "min": lambda *values: functools.reduce(np.minimum, values),
    "max": lambda *values: functools.reduce(np.maximum, values),
    "sqrt": np.sqrt, "abs": np.abs,
}  # fmt: skip
_ONE_ARGUMENT = ("sqrt", "abs")
_TWO_ARGUMENTS = ("+", "-", "*", "/")


@dataclass(frozen=True, slots=True)
class BandExpression:
    """A band, or what is computed of several, pixel by pixel, in float64.

    Parameters
    ----------
    text
        As it was written.
    tree
        CQL2-JSON.
    bands
        The bands that it names, each once.

    Examples
    --------
    >>> BandExpression.read("(nir - red)/(nir + red)", ["green", "red", "nir"]).bands
    ('nir', 'red')
    """

    text: str
    tree: Any
    bands: tuple[str, ...]

    @classmethod
    def chosen(cls, text: str | None, bands: Sequence[str]) -> BandExpression:
        """Read an expression of the bands of scenes; None: their only band. Without bands nothing is refused.

        Raises
        ------
        InvalidInput
            ``which-band``: there are several, and none is named; ``unreadable-expression``.
        NotFound
            ``unknown-band``, with the nearest.
        """
        if not bands:
            return cls(text or "", 0.0, ())
        if text is None and len(bands) > 1:
            raise InvalidInput(
                "which-band", f"the scenes have several bands: {', '.join(bands)}",
                hint="name one, or arithmetic of them: band='(nir - red)/(nir + red)'",
                in_shell="name one, or arithmetic of them: --band '(nir - red)/(nir + red)'",
            )  # fmt: skip
        return cls.read(bands[0] if text is None else text, bands)

    @classmethod
    def read(cls, text: str, bands: Sequence[str]) -> BandExpression:
        """Read an expression of bands that there are; a band's name in double quotes may have any characters.

        Raises
        ------
        InvalidInput
            ``unreadable-expression``
        NotFound
            ``unknown-band``, with the nearest.
        """
        if text in bands:
            return cls(text, {"property": text}, (text,))
        parsed = parse_expression(f"{text} = 0", "unreadable-expression", "the band expression")
        if not isinstance(parsed, dict) or parsed.get("op") != "=" or parsed["args"][1:] != [0]:
            raise _unreadable(text)
        tree = parsed["args"][0]
        names = tuple(dict.fromkeys(_names(tree, text)))
        if not names:
            raise _unreadable(text)
        for name in names:
            if name not in bands:
                raise NotFound(
                    "unknown-band", f"there is no band '{name}' (there are: {', '.join(bands)})",
                    nearest=nearest(name, list(bands)),
                )  # fmt: skip
        return cls(text, tree, names)

    @property
    def is_band(self) -> bool:
        """Whether it is a band as it is."""
        return "property" in self.tree

    def values(self, pixels: Pixels) -> Floats:
        """Return the value of every pixel, ``(rows, columns)`` float64.

        NaN where a band that it names has no value; and, of what is computed, where the result is no number: a
        division by zero, the root of a negative number, an overflow.
        """
        missing = pixels.missing or {}
        if self.is_band:
            values = pixels.bands[self.bands[0]].astype(np.float64)
        else:
            with np.errstate(all="ignore"):
                values = np.array(self._value(self.tree, pixels), np.float64)
            values[~np.isfinite(values)] = np.nan
        for name in self.bands:
            if name in missing:
                values[missing[name]] = np.nan
        return values

    def _value(self, node: Any, pixels: Pixels) -> Any:
        if isinstance(node, int | float):
            return np.float64(node)
        if "property" in node:
            return pixels.bands[node["property"]].astype(np.float64)
        return _OPERATORS[node["op"]](*(self._value(argument, pixels) for argument in node["args"]))


def _names(node: Any, text: str) -> Iterator[str]:
    """Give the bands that a tree names; refuse what is no arithmetic."""
    if isinstance(node, dict) and "property" in node:
        yield str(node["property"])
    elif isinstance(node, dict) and node.get("op") in _OPERATORS:
        arguments = node.get("args", [])
        wanted = (
            {1}
            if node["op"] in _ONE_ARGUMENT
            else {2}
            if node["op"] in _TWO_ARGUMENTS
            else {2, 3, 4, 5, 6, 7, 8}
        )
        if len(arguments) not in wanted:
            raise _unreadable(text)
        for argument in arguments:
            yield from _names(argument, text)
    elif isinstance(node, bool) or not isinstance(node, int | float):
        raise _unreadable(text)


def _unreadable(text: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-expression", f"'{text[:80]}' is no arithmetic of bands",
        hint="use names of bands, numbers, + - * / ( ), sqrt, abs, min, max; e.g. (nir - red)/(nir + red)",
    )  # fmt: skip
