"""Cubes as Arrow tables: a row for each bin that has something; the metadata has what rows do not say.

Tested by `tests/paas/cube/test_reading.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely

from stcloud.paas.cube.heading import HEADING, Heading, free_names, packed

if TYPE_CHECKING:
    from stcloud.paas.cube.cells import CubeCells
    from stcloud.paas.cube.cube import Cube

__all__ = ["CELLS", "KNOWN", "LIVES", "STEPS", "table_of"]

CELLS, LIVES, STEPS, KNOWN = "stcloud_cells", "stcloud_lives", "stcloud_steps", "stcloud_known"
"""Keys of the metadata: tables of cells, when they were there, steps, and known bins if nothing else says them."""


def table_of(cube: Cube) -> pa.Table:
    """Return a cube as a table, from which `cube_of_table` makes it again.

    Returns
    -------
    One row for each bin that has something: ``time``, the label of the step, ``from`` and ``to`` (exclusive), its
    edges; the cell; the classes and the measures. The metadata of the schema has a heading, and the cells, their
    lives and the steps as Arrow streams in Base64.
    """
    step, cell, *places = cube.positions()
    own = ["time", "from", "to", cube.cells.noun]
    names = free_names([*(axis.name for axis in cube.classes), *cube.measures], own)
    classes, measures = names[: len(cube.classes)], names[len(cube.classes) :]
    instant = pa.timestamp("us", cube.zone.name)
    edges = pa.array(cube.edges_us).cast(instant)
    columns = [
        pa.array(cube.labels, pa.string()).take(pa.array(step)),
        edges.take(pa.array(step)),
        edges.take(pa.array(step + 1)),
        cube.cells.names.take(pa.array(cell)),
        *(axis.values.take(pa.array(place)) for axis, place in zip(cube.classes, places, strict=True)),
        *(pa.array(measure.values, from_pandas=True) for measure in cube.measures.values()),
    ]
    metadata = {HEADING: Heading.of(cube, classes, measures).text, **_packed_axes(cube)}
    return pa.Table.from_arrays(columns, [*own, *names]).replace_schema_metadata(metadata)


def _packed_axes(cube: Cube) -> dict[str, str]:
    steps = {"label": pa.array(cube.labels, pa.string()), "whole": pa.array(cube.whole)}
    edges = {"begin_us": pa.array(cube.edges_us[:-1]), "end_us": pa.array(cube.edges_us[1:])}
    axes = {CELLS: packed(pa.table(_cells(cube.cells))), STEPS: packed(pa.table({**steps, **edges}))}
    if cube.mask is not None:
        axes[KNOWN] = packed(pa.table({"known": pa.array(cube.known.reshape(-1))}))
    lives = cube.cells.lives
    if lives is not None:
        ends = {"cell": lives.cell, "begin_us": lives.begin_us, "end_us": lives.end_us}
        axes[LIVES] = packed(pa.table({name: pa.array(values) for name, values in ends.items()}))
    return axes


def _cells(cells: CubeCells) -> dict[str, Any]:
    columns = {
        "name": cells.names, "x": pa.array(cells.x), "y": pa.array(cells.y), "area_m2": pa.array(cells.area_m2),
    }  # fmt: skip
    if cells.shapes is not None:
        texts = np.asarray(shapely.to_wkb(cells.shapes(), include_srid=False), object)
        columns["shape"] = pa.array(texts, pa.binary())
    return columns
