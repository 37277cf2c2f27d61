"""Vector tiles (ring: paas): shapes and columns written as layers of a Mapbox Vector Tile 2.1.

Knows: units of a tile, commands, attributes, and how a tile is written as bytes: with arrays, and no loop over
features. Must not know: questions, layers of a city, files, engines, commands. `stcloud.paas.query.run.tiling` asks
what is on a tile.

Nouns: `Commands` (the geometry of features, as a tile has it), `Tags` (their attributes), `TileShapes` (shapes that
were clipped to a tile, on whole units), `PointClusters` (points made one for each cell).

Start at `encoding.py`, which calls `commands.py` and `tags.py`, which write with `varint.py`.
"""
