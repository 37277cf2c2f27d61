"""Rows as a table of texts: CSV, with the place as WKT.

Tested by `tests/saas/web/test_items.py`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pacsv
import shapely

from stcloud.errors import Unsupported
from stcloud.saas.web.referencesystem import ReferenceSystem

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["written_csv"]

_CLOCKS = ("st_key", "st_time", "st_time_to", "st_valid_from", "st_valid_to")


def written_csv(answer: Answer, names: Sequence[str], system: ReferenceSystem, *, places: bool) -> bytes:
    """Return keys, times, columns, and with ``places`` WKT in a CRS; `Unsupported` ``no-csv``."""
    table = answer.plain
    columns = [name for name in (*_CLOCKS, *names) if name in table.schema.names]
    chosen = table.select(columns)
    if places:
        shapes = system.shapes(answer.geometry(), answer.lattice.crs)
        texts = shapely.to_wkt(shapes, rounding_precision=system.places)
        chosen = chosen.append_column("st_geometry", pa.array(texts, pa.string()))
    sink = io.BytesIO()
    try:
        pacsv.write_csv(chosen, sink)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise Unsupported(
            "no-csv", f"this collection has values that CSV has no form for: {error}"
        ) from error
    return sink.getvalue()
