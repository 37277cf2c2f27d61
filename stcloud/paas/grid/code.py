"""Codes: reading, checking and cutting them by their scheme.

A code is text. Its first characters name the community, street and district it lies in, so what lies in one of
them is a range of codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.grid.scheme import Scheme

__all__ = ["Code", "build", "parse", "prefix", "prefix_range", "problem", "problems"]

Texts: TypeAlias = "pa.Array | pa.ChunkedArray | NDArray[np.object_] | Sequence[str | None]"


@dataclass(frozen=True, slots=True)
class Code:
    """A code that is valid in its scheme.

    Parameters
    ----------
    scheme
        The scheme.
    text
        The code's characters.

    Raises
    ------
    InvalidInput
        ``invalid-code``, with the position of the first fault and the reason.
    """

    scheme: Scheme = field(hash=False, repr=False)
    text: str

    def __post_init__(self) -> None:
        fault = problem(self.text, self.scheme)
        if fault is not None:
            raise InvalidInput("invalid-code", f"{self.text!r} is no code of {self.scheme.id}: {fault}")

    def __str__(self) -> str:
        return self.text

    @property
    def parts(self) -> dict[str, str]:
        """Text of each part by its name."""
        return {part.name: self.text[self.scheme.span(part.name)] for part in self.scheme.parts}


def parse(text: str, scheme: Scheme) -> Code:
    """Read a code.

    Parameters
    ----------
    text
        The code, without spaces.
    scheme
        Its scheme.

    Returns
    -------
    The code.

    Raises
    ------
    InvalidInput
        ``invalid-code``, with the position of the first fault and the reason.

    Notes
    -----
    Inverse of `build`: ``build(scheme, **parse(text, scheme).parts).text == text``.

    Examples
    --------
    >>> from stcloud.iaas.bundle import bundled_text
    >>> scheme = Scheme.from_toml(bundled_text("grids", "unit-grid-15.toml"), name="unit-grid-15")
    >>> parse("320582110152102", scheme).parts
    {'division': '320582', 'street': '110', 'community': '152', 'sequence': '102'}
    """
    return Code(scheme, text)


def build(scheme: Scheme, **parts: str) -> Code:
    """Make a code of its parts.

    Parameters
    ----------
    scheme
        The scheme.
    **parts
        Text of each part of the scheme, with its leading zeros.

    Returns
    -------
    The code.

    Raises
    ------
    InvalidInput
        ``invalid-parts`` when some are missing, unknown or of another length; ``invalid-code``

    Examples
    --------
    >>> from stcloud.iaas.bundle import bundled_text
    >>> scheme = Scheme.from_toml(bundled_text("grids", "class-11.toml"), name="class-11")
    >>> build(scheme, division="320508", major="01", minor="001").text
    '32050801001'
    """
    wanted = {part.name: part.length for part in scheme.parts}
    if {name: len(text) for name, text in parts.items()} != wanted:
        given = ", ".join(f"{name}={text!r}" for name, text in parts.items()) or "none"
        lengths = ", ".join(f"{name} ({length})" for name, length in wanted.items())
        raise InvalidInput(
            "invalid-parts", f"asked for {scheme.id} of {given}", hint=f"its parts are {lengths}"
        )
    return Code(scheme, "".join(parts[name] for name in wanted))


def problem(text: str, scheme: Scheme, *, prefix: str | None = None) -> str | None:
    """Tell the first fault of a code.

    Parameters
    ----------
    text
        The code, or what should be one.
    scheme
        Its scheme.
    prefix
        Name of a prefix, when ``text`` should be one and not a whole code.

    Returns
    -------
    None for a valid one, otherwise the position of the leftmost fault, counted from 1, and the reason.

    Raises
    ------
    NotFound
        ``unknown-prefix``

    Examples
    --------
    >>> from stcloud.iaas.bundle import bundled_text
    >>> scheme = Scheme.from_toml(bundled_text("grids", "unit-grid-15.toml"), name="unit-grid-15")
    >>> problem("32O582110152102", scheme)
    "character 3 is 'O': division (characters 1 to 6) has digits only"
    >>> problem("32058211015210", scheme)
    'character 15 is missing: sequence (characters 13 to 15) is cut off'
    >>> problem("320582110152", scheme, prefix="community") is None
    True
    """
    length = scheme.length if prefix is None else scheme.prefix_length(prefix)
    fault = _fault(text[:length], scheme)
    if fault is None and len(text) < length:
        fault = f"character {len(text) + 1} is missing: {_where(scheme, len(text))} is cut off"
    if fault is None and len(text) > length:
        fault = f"character {length + 1} is {text[length]!r}: there are {len(text)} characters instead of {length}"
    return fault


def _fault(text: str, scheme: Scheme) -> str | None:
    """Return the leftmost fault of as much of a code as there is."""
    for part in scheme.parts:
        span = scheme.span(part.name)
        value = text[span]
        for position, character in enumerate(value, span.start):
            if not _allows(part.alphabet, character):
                kind = part.alphabet.replace("-", " ")
                return (
                    f"character {position + 1} is {character!r}: {_where(scheme, position)} has {kind} only"
                )
        if part.lowest is not None and len(value) == part.length and value < part.lowest:
            where = _where(scheme, span.start)
            return f"character {span.start + 1} begins {value!r}: {where} starts at {part.lowest}"
    return None


def _allows(alphabet: str, character: str) -> bool:
    return "0" <= character <= "9" or (alphabet != "digits" and "A" <= character <= "Z")


def _where(scheme: Scheme, position: int) -> str:
    part = scheme.part_at(position)
    span = scheme.span(part.name)
    return f"{part.name} (characters {span.start + 1} to {span.stop})"


def problems(texts: Texts, scheme: Scheme, *, prefix: str | None = None) -> pa.Array:
    """Tell the first fault of each code.

    Parameters
    ----------
    texts
        ``(n,)`` text.
    scheme
        Their scheme.
    prefix
        Name of a prefix, when the texts should be prefixes and not whole codes.

    Returns
    -------
    ``(n,)`` text: null where the code is valid, otherwise what `problem` says; ``there is no code`` for a null.

    Raises
    ------
    InvalidInput
        ``codes-not-text``
    NotFound
        ``unknown-prefix``

    Notes
    -----
    Return for each what `problem` returns. Valid codes are found by one pass of a regular expression, some millions
    a second; only the others are looked at one by one.

    Examples
    --------
    >>> from stcloud.iaas.bundle import bundled_text
    >>> scheme = Scheme.from_toml(bundled_text("grids", "unit-grid-14.toml"), name="unit-grid-14")
    >>> problems(["22020600100706", "22020600100700"], scheme).to_pylist()
    [None, "character 13 begins '00': sequence (characters 13 to 14) starts at 01"]
    """
    codes = _as_text(texts)
    valid = _valid(codes, scheme, scheme.length if prefix is None else scheme.prefix_length(prefix))
    faults = np.full(len(codes), None, np.object_)
    for row in np.flatnonzero(~valid).tolist():
        text = codes[row].as_py()
        faults[row] = "there is no code" if text is None else problem(text, scheme, prefix=prefix)
    return pa.array(faults, pa.string())


def _as_text(texts: Texts) -> pa.Array:
    codes = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    try:
        codes = codes if isinstance(codes, pa.Array) else pa.array(codes, pa.string(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        codes = pa.array([0])
    if not (pa.types.is_string(codes.type) or pa.types.is_large_string(codes.type)):
        raise InvalidInput(
            "codes-not-text",
            "asked for codes in text, found numbers",
            hint="keep codes as text: they begin with zeros and may have letters",
        )
    return codes


def _valid(codes: pa.Array, scheme: Scheme, length: int) -> NDArray[np.bool_]:
    """Return a mask of the valid codes, or valid prefixes of a length."""
    held = [part for part in scheme.parts if scheme.span(part.name).stop <= length]
    pattern = "".join(f"[{part.characters}]{{{part.length}}}" for part in held)
    valid = pc.match_substring_regex(codes, rf"\A{pattern}\z")
    for part in held:
        if part.lowest is not None:
            span = scheme.span(part.name)
            value = pc.utf8_slice_codeunits(codes, span.start, span.stop)
            valid = pc.and_(valid, pc.greater_equal(value, part.lowest))
    return np.asarray(pc.fill_null(valid, False).to_numpy(zero_copy_only=False), np.bool_)  # noqa: FBT003


def prefix(code: Code, name: str) -> str:
    """Return the beginning of a code that names what it lies in.

    Parameters
    ----------
    code
        The code.
    name
        Name of a prefix of its scheme, e.g. ``community``.

    Returns
    -------
    The first characters.

    Raises
    ------
    NotFound
        ``unknown-prefix``

    Examples
    --------
    >>> from stcloud.iaas.bundle import bundled_text
    >>> scheme = Scheme.from_toml(bundled_text("grids", "unit-grid-15.toml"), name="unit-grid-15")
    >>> [prefix(parse("320582110152102", scheme), name) for name in ("district", "street", "community")]
    ['320582', '320582110', '320582110152']
    """
    return code.text[: code.scheme.prefix_length(name)]


def prefix_range(start: str, scheme: Scheme) -> tuple[str, str]:
    """Return the range of texts that holds the codes with a beginning, for pruning.

    Parameters
    ----------
    start
        1 or more first characters of a code: a named prefix, a whole code, or anything between.
    scheme
        The scheme.

    Returns
    -------
    ``(low, high)``, half-open: a code begins with ``start`` exactly when ``low <= code < high``.

    Raises
    ------
    InvalidInput
        ``invalid-code-prefix``

    Notes
    -----
    Holds where texts compare by bytes or code points, as in Arrow, Parquet, DuckDB and Spark: not by a locale.

    Examples
    --------
    >>> from stcloud.iaas.bundle import bundled_text
    >>> scheme = Scheme.from_toml(bundled_text("grids", "unit-grid-15.toml"), name="unit-grid-15")
    >>> prefix_range("320582", scheme), prefix_range("110109", scheme)
    (('320582', '320583'), ('110109', '11010:'))
    """
    fault = _fault(start, scheme)
    if fault is None and not 0 < len(start) <= scheme.length:
        fault = f"it has {len(start)} characters, not 1 to {scheme.length}"
    if fault is not None:
        raise InvalidInput("invalid-code-prefix", f"{start!r} begins no code of {scheme.id}: {fault}")
    return start, start[:-1] + chr(ord(start[-1]) + 1)
