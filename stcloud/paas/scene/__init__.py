"""Scenes (ring: paas): images and grids with two clocks, chosen by time, place and belief, read and summarised.

Knows: which scenes of a layer are meant, on which grid their pixels are wanted, how several become one, by which
cells they are summarised. Must not know: how array files are read (`iaas.raster`), how shares of pixels are computed
(`index`).

Nouns: `Scenes` (a layer), `SceneChoice` (some scenes of it), `Pixels` on a `RasterGrid`, `BandExpression` (arithmetic
of bands), `CellStatistics` (pixels by cell). Start at `scenes.py`, for statistics at `bycell.py`.

Tested by `tests/paas/scene/test_scenes.py` and `tests/paas/scene/test_bycell.py`.
"""
