"""Markup: elements of HTML and SVG as text, with everything escaped that data hold.

Tested by `tests/saas/paper/test_drawings.py`.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

from stcloud.saas.plaintext import visible

__all__ = ["element", "escaped", "number", "style_of", "swatch"]

_VOID = frozenset({"path", "rect", "line", "circle", "polyline", "br"})


def escaped(text: str) -> str:
    """Return a text as HTML shows it: signs of markup escaped, hidden characters written out."""
    return html.escape(visible(text))


def element(name: str, content: str | Iterable[str] = "", **attributes: object) -> str:
    """Return an element around markup; ``class_`` is ``class``, other ``_`` are hyphens, None is left out.

    Examples
    --------
    >>> element("text", escaped("<b>"), x=1, class_="label")
    '<text x="1" class="label">&lt;b&gt;</text>'
    >>> element("rect", width=2.5)
    '<rect width="2.5"/>'
    """
    texts = (
        f' {_name(key)}="{escaped(_text(value))}"' for key, value in attributes.items() if value is not None
    )
    start = f"<{name}{''.join(texts)}"
    inside = content if isinstance(content, str) else "".join(content)
    return f"{start}/>" if name in _VOID and not inside else f"{start}>{inside}</{name}>"


def number(value: float, decimals: int = 1) -> str:
    """Return a coordinate in as few digits as it takes.

    >>> number(2.04), number(-0.01), number(0.5)
    ('2', '0', '.5')
    """
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:.0f}"
    if text in ("-0", ""):
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def style_of(width: float) -> str:
    """Return a width in per cent, as an attribute of a bar has it."""
    return f"{number(100 * width, 1)}%"


def swatch(css: str, label: str, size: str = "") -> str:
    """Return an entry of a legend: a colour by its class, what it means, and how many there are."""
    return element("li", [
        element("i", class_=f"swatch {css}"), escaped(label), element("b", escaped(size)) if size else ""
    ])  # fmt: skip


def _name(key: str) -> str:
    return "class" if key == "class_" else key.replace("_", "-") if key != "viewBox" else key


def _text(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)
