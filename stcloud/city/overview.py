"""How a city shows itself: its name, CRS and zone, and its layers.

Tested by `tests/daas/test_display.py`.
"""

from __future__ import annotations

from typing import Any

from stcloud.city.parts import CityParts
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.display import days_text, html_table, one_line
from stcloud.errors import StcloudError

__all__ = ["city_html", "city_lines"]

_MOST_LAYERS = 20


def city_lines(parts: CityParts, configuration: CityConfiguration) -> list[str]:
    """Return a line about the city, and one for each layer; reads the logs of the layers' tables, no rows."""
    title, layers, more = _overview(parts, configuration)
    lines = [
        f"{one_line(layer['layer'])}: {layer['size']}" + (f", {layer['span']}" if layer["span"] else "")
        for layer in layers
    ]
    return [title, *lines, *([more] if more else [])]


def city_html(parts: CityParts, configuration: CityConfiguration) -> str:
    """Return the same as HTML."""
    title, layers, more = _overview(parts, configuration)
    return html_table(title, ["layer", "kind", "rows", "span"] if layers else [], layers, more)


def _overview(parts: CityParts, configuration: CityConfiguration) -> tuple[str, list[dict[str, Any]], str]:
    title = f"City {one_line(configuration.name)} ({one_line(configuration.crs, 40)}, {configuration.zone})"
    try:
        names = parts.catalogue.names()
    except StcloudError as error:  # closed, or its folder is gone
        return f"{title}: {one_line(error.message)}", [], ""
    rows = [_row(parts, configuration, name) for name in names[:_MOST_LAYERS]]
    hidden = len(names) - _MOST_LAYERS
    return (
        f"{title}: {len(names)} layer{'' if len(names) == 1 else 's'}",
        [row for row in rows if row is not None],
        f"… and {hidden} more layers" if hidden > 0 else "",
    )


def _row(parts: CityParts, configuration: CityConfiguration, name: str) -> dict[str, Any] | None:
    """Return what is shown of a layer; None for one that cannot be read: `City.check` says why."""
    try:
        layer = parts.catalogue.layer(name)
    except StcloudError:
        return None
    return {
        "layer": name, "kind": layer.kind, "rows": layer.events, "size": layer.size_text,
        "span": days_text(layer.span_us, configuration.zone),
    }  # fmt: skip
