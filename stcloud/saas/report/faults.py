"""The map of a grid's faults. Tested by `tests/saas/cli/test_grid.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from stcloud.saas.report.canvas import Canvas, lettering
from stcloud.saas.report.glyph import advice

if TYPE_CHECKING:
    from stcloud.paas.grid.check import Report

__all__ = ["map_faults"]

_COLOURS = {"error": "#bd0026", "warning": "#b8860b"}
_MARGIN_PX, _HEAD_PX, _SIZE_PX = 40.0, 110.0, (1400, 1000)
_PAD = 0.03


def map_faults(
    cells: NDArray[np.object_],
    report: Report,
    path: Path,
    *,
    title: str,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Draw a grid's cells, and where the faults of a report are; return the path.

    Parameters
    ----------
    cells
        ``(n,)`` polygons, metres; drawn as thin lines.
    report
        Errors are red, warnings ochre; each has a ring around it, so that a sliver is seen.
    path
        PNG file.
    title
        Stands above the map.
    tell
        Called with the fonts to install, where characters have none.

    Raises
    ------
    StorageError
        ``picture-not-written``
    """
    canvas = Canvas(*_SIZE_PX)
    counts = ", ".join(f"{kind} {count:,}" for kind, count in report.counts.items()) or "no faults"
    top = canvas.paragraph(
        _MARGIN_PX - 8, _MARGIN_PX, f"Faults of {title}", 15, bold=True, most=2, color="#1f2328"
    )
    canvas.paragraph(top + 4, _MARGIN_PX, f"{report.cells:,} cells: {counts}", 9.5, most=3, color="#59616b")
    width, height = 1 - 2 * _MARGIN_PX / _SIZE_PX[0], 1 - (_HEAD_PX + _MARGIN_PX) / _SIZE_PX[1]
    axes = canvas.add_axes((_MARGIN_PX / _SIZE_PX[0], _MARGIN_PX / _SIZE_PX[1], width, height))
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_axis_off()
    edges = [shapely.get_coordinates(line) for line in shapely.get_parts(shapely.boundary(_there(cells)))]
    axes.add_collection(LineCollection(edges, colors="#c3c8ce", linewidths=0.4))
    for severity, colour in _COLOURS.items():
        places = [
            fault.where for fault in report.faults if fault.severity == severity and fault.where is not None
        ]
        rings = shapely.get_exterior_ring(shapely.get_parts(_there(np.array(places, object))))
        filled = [shapely.get_coordinates(ring) for ring in rings if ring is not None]
        axes.add_collection(PolyCollection(filled, facecolors=colour, edgecolors=colour, linewidths=0.8))
        places = shapely.get_coordinates(shapely.point_on_surface(_there(np.array(places, object))))
        axes.scatter(places[:, 0], places[:, 1], s=90, facecolors="none", edgecolors=colour, linewidths=1.2)
    _legend(axes)
    axes.autoscale_view()
    axes.margins(_PAD)
    canvas.save(path)
    if tell is not None and canvas.missing:
        tell(advice(canvas.missing))
    return path


def _there(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))] if len(shapes) else shapes


def _legend(axes: object) -> None:
    symbols = [
        Line2D(
            [], [], marker="o", linestyle="", markerfacecolor="none", markeredgecolor=colour, label=severity
        )
        for severity, colour in _COLOURS.items()
    ]
    axes.legend(handles=symbols, prop=lettering(9, "error"), loc="upper right", frameon=False)  # type: ignore[attr-defined]
