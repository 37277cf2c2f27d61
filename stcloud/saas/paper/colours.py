"""Colours of a page: the palette of maps and charts as variables of a stylesheet, for light and for dark.

In the dark the ramps run the other way, so that what is most stands out from the ground.

Tested by `tests/saas/paper/test_drawings.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from stcloud.saas.report.palette import (
    ABSENT,
    COLD,
    GREY,
    HAIR,
    HOT,
    INK,
    LAND,
    NO_VALUE,
    OTHERS,
    POINT,
    SEQUENTIAL,
    ZERO,
    diverging,
    sequential,
)

__all__ = ["class_name", "emerging_name", "palette_style"]

_DARK = {
    "ink": "#e6e8eb", "grey": "#a3abb5", "hair": "#3c434b", "land": "#22272d", "ground": "#14171a", "card": "#1b1f24",
    "zero": "#262b31", "absent": "#2b3138", "no-value": "#3a4149", "accent": "#fd8d3c", "before": "#77808a",
    "under": "#4a525b", "link": "#7cc4f5",
}  # fmt: skip
_LIGHT = {
    "ink": INK, "grey": GREY, "hair": HAIR, "land": LAND, "ground": "#ffffff", "card": "#ffffff", "zero": ZERO,
    "absent": ABSENT, "no-value": NO_VALUE, "accent": POINT, "before": "#9aa2ab", "under": "#b9bfc6",
    "link": "#0059a3",
}  # fmt: skip


def class_name(number: int, classes: int, *, diverging_scale: bool = False) -> str:
    """Return the CSS class of a class of values, numbered as `Classes.of` does; 0 is zero.

    Examples
    --------
    >>> class_name(1, 2), class_name(2, 2), class_name(-1, 3, diverging_scale=True), class_name(0, 3)
    ('c1', 'c6', 'b1', 'zero')
    """
    if not number:
        return "zero"
    if diverging_scale:
        below = number < 0
        ramp = diverging(3, below=below)
        return f"{'b' if below else 'a'}{ramp.index(diverging(classes, below=below)[abs(number) - 1]) + 1}"
    return f"c{SEQUENTIAL.index(sequential(classes)[number - 1]) + 1}"


def emerging_name(name: str) -> str:
    """Return the CSS class of a class of hot spots: ``persistent hot`` is ``hot-persistent``.

    >>> emerging_name("new cold"), emerging_name("not analysed")
    ('cold-new', 'spot-not-analysed')
    """
    kind, _, side = name.rpartition(" ")
    return f"{side}-{kind}" if side in ("hot", "cold") else f"spot-{name.replace(' ', '-')}"


def palette_style() -> str:
    """Return the variables and the classes of colours as a stylesheet."""
    ramps = {"c": SEQUENTIAL, "a": diverging(3, below=False), "b": diverging(3, below=True)}
    light = _variables(_LIGHT) + _ramps(ramps)
    dark = _variables(_DARK) + _ramps({name: ramp[::-1] for name, ramp in ramps.items()})
    rules = [
        f":root{{color-scheme:light dark;{light}}}",
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}",
    ]
    rules += [
        _filled(f"{name}{at}", f"var(--{name}{at})")
        for name, ramp in ramps.items()
        for at in range(1, len(ramp) + 1)
    ]
    rules += [_filled(name, f"var(--{name})") for name in ("zero", "absent", "no-value", "accent", "before")]
    rules += [
        _filled(f"{side}-{kind}", face)
        for side, faces in (("hot", HOT), ("cold", COLD))
        for kind, face in faces.items()
    ]
    rules += [_filled(emerging_name(name), face) for name, face in OTHERS.items()]
    return "\n".join(rules)


def _variables(values: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in values.items())


def _ramps(ramps: dict[str, Sequence[str]]) -> str:
    return "".join(
        f"--{name}{at}:{face};" for name, ramp in ramps.items() for at, face in enumerate(ramp, start=1)
    )


def _filled(name: str, face: str) -> str:
    return f".{name}{{fill:{face};background:{face}}}"
