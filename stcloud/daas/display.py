"""How layers, loads, queries and answers show themselves: few lines of plain text, or an escaped table of HTML.

Nothing that data hold reaches a terminal or a notebook as a command: what is not printable is written as an escape,
and HTML is escaped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from stcloud.time import Zone

__all__ = ["days_text", "html_table", "one_line", "text_table"]

_UTC = Zone("UTC")
_WIDTH, _GAP, _WIDEST = 80, 2, 32
_MOST_LETTERS = 200


def one_line(value: object, most: int = _MOST_LETTERS) -> str:
    r"""Return a value as one line of at most ``most`` letters: null is empty, what is not printable an escape.

    >>> one_line("a\x1b[31m\nb"), one_line(0.1 + 0.2), one_line("x" * 9, 5)
    ('a\\x1b[31m\\nb', '0.3', 'xxxx…')
    """
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, float):
        text = f"{value:.6g}"
    elif isinstance(value, datetime):
        text = value.isoformat(" ", "minutes" if not value.second and not value.microsecond else "auto")
    else:
        text = str(value)
    text = text[: most + 1]
    shown = "".join(
        letter if letter.isprintable() else ascii(letter)[1:-1]  # ascii: as Python writes it in a text
        for letter in text
    )
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def days_text(span_us: tuple[int, int] | None, zone: Zone | None = None) -> str:
    """Return two instants, UTC microseconds, as days of a zone's clock, or of UTC, which is said; nothing for None.

    >>> days_text((0, 86_400_000_000)), days_text((0, 86_400_000_000), Zone("America/New_York"))
    ('1970-01-01 to 1970-01-02 (UTC)', '1969-12-31 to 1970-01-01')
    """
    if span_us is None:
        return ""
    first, last = ((zone or _UTC).iso(at_us).partition("T")[0] for at_us in span_us)
    return f"{first} to {last}{'' if zone else ' (UTC)'}"


def text_table(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return lines of a table that is at most 80 columns wide; columns that do not fit are counted at its end.

    >>> text_table(["kind", "count"], [{"kind": "oak", "count": 7}])
    ['kind  count', 'oak       7']
    """
    records = list(rows)
    columns = [[one_line(row.get(name), _WIDEST) for row in records] for name in names]
    titles = [one_line(name, _WIDEST) for name in names]
    widths = [max(map(_width, [title, *cells])) for title, cells in zip(titles, columns, strict=True)]
    shown = _fitting(widths)
    numeric = [
        bool(records) and all(isinstance(row.get(name), int | float | None) for row in records)
        for name in names
    ]
    lines = [
        (" " * _GAP).join(_padded(cells[at], widths[at], right=numeric[at]) for at in range(shown)).rstrip()
        for cells in [titles, *map(list, zip(*columns, strict=True))]
    ]
    hidden = len(names) - shown
    return [*lines, f"… and {hidden} more columns"] if hidden else lines


def html_table(title: str, names: Sequence[str], rows: Iterable[Mapping[str, Any]], below: str = "") -> str:
    """Return a table as HTML, all of it escaped, with a title above and a remark below.

    >>> html_table("<b>", ["a"], [{"a": 1}])
    '<div><p>&lt;b&gt;</p><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table></div>'
    """
    head = "".join(f"<th>{_escaped(name)}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{_escaped(row.get(name))}</td>' for name in names)}</tr>" for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if names else ""
    return f"<div><p>{_escaped(title)}</p>{table}{f'<p>{_escaped(below)}</p>' if below else ''}</div>"


def _escaped(value: object) -> str:
    from html import escape  # noqa: PLC0415  (a notebook's need alone)

    return escape(one_line(value))


def _fitting(widths: Sequence[int]) -> int:
    """Return how many columns fit beside each other; at least one."""
    used = 0
    for at, width in enumerate(widths):
        used += width + (_GAP if at else 0)
        if used > _WIDTH:
            return max(at, 1)
    return len(widths)


def _padded(text: str, width: int, *, right: bool) -> str:
    blank = " " * (width - _width(text))
    return blank + text if right else text + blank


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: a wide letter takes two."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
