"""Rasters (ring: iaas): images and grids in, immutable array files beside a table, windows of them out.

Knows: GeoTIFF and netCDF, cloud-optimised GeoTIFF, blocks. Must not know: layers, beliefs, which scene is meant.
The only room that imports rasterio; what GDAL may open is limited to GeoTIFF, and nothing reaches a network.

Nouns: `Image` (what a file holds of one instant), `ImageFacts`, `RasterSource` (a row an image), `ArrayFiles` (the
files beside a table). Start at `image.py`.

Tested by `tests/iaas/raster`.
"""
