"""A scene: an image of a product and tile, since when and until when it holds, and what is known of its values.

Tested by `tests/paas/scene/test_scenes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER
from stcloud.iaas.raster.image import ImageFacts

__all__ = ["Scene", "scenes_of"]


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene, as it was believed in at a recorded instant.

    Parameters
    ----------
    product, tile
        Which image of what.
    acquired_us, until_us
        Since when it holds, and until when, UTC microseconds; None: until a next one is known.
    recorded_us
        Since when this is believed.
    facts
        Grid, bands, type, nodata, scale and offset.
    digest, file
        Digest of its content, and key of its array file in the layer's folder.
    footprint
        WKB in the city's CRS.
    """

    product: str
    tile: str
    acquired_us: int
    until_us: int | None
    recorded_us: int
    facts: ImageFacts
    digest: str
    file: str
    footprint: bytes

    def columns(self) -> dict[str, Any]:
        """Return the scene as plain columns, without its footprint; instants are UTC microseconds."""
        return {
            "product": self.product, "tile": self.tile, "acquired": self.acquired_us, "until": self.until_us,
            "recorded": self.recorded_us, **self.facts.columns(), "digest": self.digest, "file": self.file,
        }  # fmt: skip


def scenes_of(rows: pa.Table) -> tuple[Scene, ...]:
    """Return the scenes of a layer's rows, in their order."""
    start, end, recorded = (
        micros(rows[name], FOREVER).tolist() for name in ("st_valid_from", "st_valid_to", "st_recorded_from")
    )
    return tuple(
        Scene(
            row["product"], row["tile"], start[at], None if end[at] == FOREVER else end[at], recorded[at],
            ImageFacts.of_columns(row), row["digest"], row["file"], row["st_geom"],
        )
        for at, row in enumerate(rows.to_pylist())
    )  # fmt: skip
