"""Conflicts of plans as one page that needs no script and no network: sums, a map, and each conflict.

Tested by `tests/saas/cli/test_conflicts.py`.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stcloud.saas.paper.markup import element, escaped
from stcloud.saas.paper.pagefile import write_page

if TYPE_CHECKING:
    import pyarrow as pa

    from stcloud.city import City
    from stcloud.city.conflicts import CityConflicts

__all__ = ["write_conflict_page"]

_MOST_ROWS = 500
_STYLE = (
    "body{font:15px/1.4 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}"
    "td,th{border-bottom:1px solid #ccc;padding:.2em .6em;text-align:left}img{max-width:100%}"
    "td.number{text-align:right}p.facts{color:#555}"
)
_SUMS = (("department", "By department"), ("rule", "By rule"), ("outcome", "By outcome"))
_COLUMNS = (
    "conflict", "rule", "first_layer", "first", "first_use", "second_layer", "second", "second_use", "from", "to",
    "area_m2", "length_m", "distance_m", "vertical_m", "outcome",
)  # fmt: skip


def write_conflict_page(
    city: City, conflicts: CityConflicts, path: Path, tell: Callable[[str], None], title: str | None = None
) -> Path:
    """Write conflicts as a page, whole or not at all.

    Parameters
    ----------
    city, conflicts
        The city, and its conflicts.
    path, tell
        The file; called with advice about fonts of the map.
    title
        Title; None: which layers contradict each other.

    Returns
    -------
    The file. Its table has the first 500 conflicts, and says how many there are.
    """
    answer = conflicts.answer()
    heading = title or f"Conflicts between {answer.facts['layer']}"
    facts = ", ".join(f"{name} {value}" for name, value in answer.facts.items())
    parts = [element("h1", escaped(heading)), element("p", escaped(f"{city.name}: {facts}"), class_="facts")]
    if len(answer):
        parts.append(_map(city, conflicts, tell, heading))
        for group, caption in _SUMS:
            sums = conflicts.by(group)
            parts += [
                element("h2", escaped(caption)),
                _table(sums.plain.schema.names, _with_outcome(sums.plain)),
            ]
    rows = _with_outcome(answer.plain.slice(0, _MOST_ROWS).select([*_COLUMNS]))
    parts += [element("h2", escaped(f"{len(answer):,} conflicts")), _table(_COLUMNS, rows)]
    if len(answer) > _MOST_ROWS:
        parts.append(element("p", escaped(f"… and {len(answer) - _MOST_ROWS:,} more")))
    head = element(
        "head", ['<meta charset="utf-8">', element("title", escaped(heading)), element("style", _STYLE)]
    )
    write_page(f"<!DOCTYPE html>\n{element('html', [head, element('body', parts)], lang='en')}\n", path)
    return path


def _map(city: City, conflicts: CityConflicts, tell: Callable[[str], None], title: str) -> str:
    """Return the map as an image within the page."""
    from stcloud.saas.report import MapOptions, map_conflicts  # noqa: PLC0415  (slow to import)

    with tempfile.TemporaryDirectory(prefix="stcloud-map-") as folder:
        picture = Path(folder) / "map.png"
        map_conflicts(city, conflicts.answer(), picture, tell, MapOptions(title))
        data = base64.b64encode(picture.read_bytes()).decode("ascii")
    return f'<img alt="{escaped(title)}" src="data:image/png;base64,{data}">'


def _with_outcome(table: pa.Table) -> list[dict[str, Any]]:
    """Return rows, with ``open`` where nothing is decided."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return [row | {"outcome": row["outcome"] or "open"} if "outcome" in row else row for row in rows]


def _table(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    head = element("tr", [element("th", escaped(name)) for name in names])
    return element("table", [head, *(element("tr", [_cell(row[name]) for name in names]) for row in rows)])


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return element("td", f"{value:,.2f}", class_="number")
    if isinstance(value, int):
        return element("td", f"{value:,}", class_="number")
    text = "" if value is None else value.isoformat()[:16] if hasattr(value, "isoformat") else str(value)
    return element("td", escaped(text))
