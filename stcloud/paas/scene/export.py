"""Scenes as files: cloud-optimised GeoTIFF, netCDF, a picture, by the suffix of the name.

Tested by `tests/paas/scene/test_export.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stcloud.errors import Unsupported
from stcloud.iaas.raster.datasetfile import write_netcdf
from stcloud.iaas.raster.image import BLOCK, Block, ImageFacts
from stcloud.paas.scene.view import SceneView

if TYPE_CHECKING:
    from stcloud.paas.scene.choice import SceneChoice

__all__ = ["SUFFIXES", "ViewImage", "write_scenes"]

SUFFIXES = (".tif", ".tiff", ".nc", ".png")


def write_scenes(choice: SceneChoice, path: Path, **wanted: Any) -> None:
    """Write scenes to a file.

    Parameters
    ----------
    choice, path
        The scenes; a file ``.tif``, ``.nc`` or ``.png``.
    wanted
        As for `SceneChoice.pixels`.

    Raises
    ------
    Unsupported
        ``unknown-format``: the name ends otherwise.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise Unsupported(
            "unknown-format", f"the name of {path} does not tell a format that scenes are written in",
            hint="let it end in .tif, .nc or .png",
        )  # fmt: skip
    if suffix == ".png":
        choice.quicklook(path, **wanted)
    elif suffix == ".nc":
        write_netcdf(path, choice.to_xarray(**wanted))
    else:
        from stcloud.iaas.raster.cog import write_cog  # noqa: PLC0415

        choice.refuse_stack()
        write_cog(ViewImage.of(choice.view(**wanted)), path, path.with_name(f"{path.stem}.part{suffix}"))


@dataclass(frozen=True, slots=True)
class ViewImage:
    """A view as an image that can be written: values are scaled, and what is missing is nodata."""

    view: SceneView
    facts: ImageFacts

    @classmethod
    def of(cls, view: SceneView) -> ViewImage:
        """Return the image of a view: whole numbers stay so where all scenes have one nodata for them."""
        kind = view.dtype()
        nodata = {scene.facts.nodata for scene in view.scenes}
        if kind.kind == "f":
            return cls(view, ImageFacts(view.grid, view.bands, str(kind)))
        if len(nodata) == 1 and None not in nodata:
            return cls(view, ImageFacts(view.grid, view.bands, str(kind), nodata.pop()))
        kind = np.dtype(np.float32) if kind.itemsize <= 2 else np.dtype(np.float64)
        return cls(view, ImageFacts(view.grid, view.bands, str(kind)))

    def blocks(self) -> Iterator[Block]:
        """Read it once, block by block."""
        fill = np.nan if self.facts.nodata is None else self.facts.nodata
        for (row, column, _, _), pixels in self.view.blocks(BLOCK):
            values = np.stack([pixels.bands[band] for band in self.view.bands]).astype(self.facts.dtype)
            for at, band in enumerate(self.view.bands):
                if pixels.missing is not None:
                    values[at][pixels.missing[band]] = fill
            yield row, column, values
