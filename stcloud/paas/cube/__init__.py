"""Space-time cubes (ring: paas): what happened in each cell and bin of time, where it is unusual, and how it changes.

Knows: bins and cells, which of them are known, sums over neighbours, significance and trends. Must not know: files,
engines, commands; how rows are found is the matter of `stcloud.paas.query`.

Nouns: `CellNeighbours` (which cells are near each cell), `Trends` (one test for each cell). Start at `neighbours.py`,
then `getis.py`, `trend.py` and `hotspot.py`.
"""
