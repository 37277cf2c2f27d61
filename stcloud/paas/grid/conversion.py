"""Conversions: codes of one scheme written in another, where the schemes say how, and never where they do not.

Tested by `tests/paas/grid/test_code.py`.
"""

from __future__ import annotations

from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.grid.code import Code, build
from stcloud.paas.grid.scheme import Conversion, Scheme

__all__ = ["convert"]


def convert(code: Code, *, to: Scheme) -> Code:
    """Write a code in another scheme, where the schemes define that.

    Parameters
    ----------
    code
        The code.
    to
        The other scheme.

    Returns
    -------
    The code of the same thing.

    Raises
    ------
    Unsupported
        ``undefined-conversion``, with the reason where the scheme states one.
    InvalidInput
        ``code-does-not-fit``: a number is too great for its part.

    Notes
    -----
    There and back is the code itself, whenever there is possible.

    Examples
    --------
    >>> from stcloud.iaas.bundle import bundled_text
    >>> from stcloud.paas.grid.code import parse
    >>> old, new = (Scheme.from_toml(bundled_text("grids", f"unit-grid-{n}.toml"), name="") for n in (14, 15))
    >>> convert(parse("22020600100706", old), to=new).text
    '220206001007006'
    """
    if to == code.scheme:
        return code
    rule = code.scheme.conversion(to.id)
    if rule is None or rule.undefined:
        why = f": {rule.undefined}" if rule else ""
        raise Unsupported("undefined-conversion", f"codes of {code.scheme.id} do not convert to {to.id}{why}")
    return build(to, **{part.name: _converted(code, part.name, part.length, rule) for part in to.parts})


def _converted(code: Code, name: str, length: int, rule: Conversion) -> str:
    value = code.text[code.scheme.span(name)]
    if name not in rule.resize:
        return value
    kept = value.lstrip("0").rjust(length, "0")
    if len(kept) > length:
        raise InvalidInput(
            "code-does-not-fit",
            f"{name} {value} of {code} has no place in the {length} characters of {rule.to}",
            hint="keep the longer code",
        )
    return kept
