"""Space-time cubes (ring: paas): what happened in each cell and bin of time, where it is unusual, and how it changes.

Knows: bins and cells, which of them are known, how bins are joined and compared, sums over neighbours, significance,
trends, and how a cube is written as arrays. Must not know: questions, layers, files, engines, commands. A cube is a
value: `stcloud.paas.query.run.cubing` counts what is in it.

Nouns: `Cube` (measures by time, cell and class), `CubeCells` and their `Lives`, `CellNeighbours` (which cells are
near each cell), `HotSpots` (where a cube is unusual, and the class of each cell), `Trends` (one test for each cell).

Start at `cube.py`, then `emerging.py`, which calls `neighbours.py`, `getis.py`, `significance.py`, `trend.py` and
`hotspot.py` in this order.
"""
