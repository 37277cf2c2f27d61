"""Imagery beside a cube of events: the same cells and steps in one dataset.

Tested by `tests/paas/scene/test_withcube.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.paas.scene.bycell import statistics_of, wanted_of
from stcloud.paas.scene.cellsource import SceneCells

if TYPE_CHECKING:
    import xarray as xr

    from stcloud.paas.cube.cube import Cube
    from stcloud.paas.scene.choice import SceneChoice

__all__ = ["beside_cube"]


def beside_cube(
    scenes: SceneChoice, cube: Cube, stat: str | Sequence[str], band: str | None, **terms: Any
) -> xr.Dataset:
    """Return a cube as a dataset with statistics of scenes; see `Scenes.beside`.

    Parameters
    ----------
    scenes
        All scenes of the layer, as known at an instant.
    cube, stat, band, terms
        As for `Scenes.beside`.
    """
    source = scenes.cells
    if source is None or cube.cells.shapes is None:
        raise InvalidInput(
            "no-cells", "the cells of the cube have no shapes", hint="make it of 100m, unit or in:LAYER"
        )
    wanted = wanted_of(scenes, stat, band, terms)
    cells = SceneCells(cube.cells.noun, cube.cells.names, np.asarray(cube.cells.shapes(), object))
    ends_us = cube.edges_us[1:] - 1
    there = cube.cells.at(ends_us)
    names = [f"{scenes.layer}_{name}" for name in (*(each.name for each in wanted.statistics), "coverage")]
    values = np.full((len(names), len(ends_us), len(cells)), np.nan)
    read: dict[tuple[str, ...], np.ndarray] = {}
    for step, at_us in enumerate(ends_us.tolist()):
        image = _image(scenes, at_us)
        key = tuple(scene.file for scene in image.scenes)
        if key not in read:
            statistics, share = statistics_of(image, cells, source, wanted)
            read[key] = np.stack([*statistics, np.nan_to_num(share)])
        values[:, step] = np.where(there[step], read[key], np.nan)
    dataset = cube.to_xarray()
    taken = [name for name in names if name in dataset.variables]
    if taken:
        raise InvalidInput(
            "repeated-column",
            f"two variables would be called '{taken[0]}'",
            hint="name the cube's measure otherwise",
        )
    for name, array in zip(names, values, strict=True):
        what = name.removeprefix(f"{scenes.layer}_")
        text = f"{what} of {wanted.expression.text}, at the last instant of each step"
        dataset[name] = (("time", "cell"), array, {"long_name": text, "coordinates": "lon lat", "units": "1"})
    return dataset.assign_attrs({f"{scenes.layer}_known_at": scenes.facts["known_at"]})


def _image(scenes: SceneChoice, at_us: int) -> SceneChoice:
    """Return the scenes that hold at an instant."""
    held = tuple(
        scene
        for scene in scenes.scenes
        if scene.acquired_us <= at_us and (scene.until_us is None or at_us < scene.until_us)
    )
    return replace(scenes, scenes=held, stacked=False, at_us=at_us)
