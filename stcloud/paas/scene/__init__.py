"""Scenes (ring: paas): images and grids with two clocks, chosen by time, place and belief, read as arrays.

Knows: which scenes of a layer are meant, on which grid their pixels are wanted, how several become one. Must not
know: how array files are read (`iaas.raster`), cells and statistics of them.

Nouns: `Scenes` (a layer), `SceneChoice` (some scenes of it), `Pixels` on a `RasterGrid`. Start at `scenes.py`.

Tested by `tests/paas/scene/test_scenes.py`.
"""
