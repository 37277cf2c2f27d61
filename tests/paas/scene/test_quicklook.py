"""Quicklooks: stretched, transparent where there is nothing, no larger than wanted."""

import numpy as np
from matplotlib.image import imread

from stcloud.paas.scene.pixels import Pixels
from stcloud.paas.scene.quicklook import rgba_of
from tests.paas.scene.test_scenes import WHOLE


def picture(path):
    """Return ``(4, rows, columns)`` of a PNG."""
    return np.round(imread(path) * 255).astype(int).transpose(2, 0, 1)


def test_a_picture_shows_the_bands(images, tmp_path):
    images.as_of("2020-01-15").quicklook(tmp_path / "x.png", bands=["nir", "red", "nir"])
    read = picture(tmp_path / "x.png")
    assert read.shape == (4, 30, 70)
    gone = np.logical_or(*images.as_of("2020-01-15").pixels().missing.values())
    assert np.array_equal(read[3] == 0, gone)
    assert np.array_equal(read[0], read[2])


def test_a_large_image_becomes_small(images, tmp_path):
    images.as_of("2020-01-15").quicklook(tmp_path / "x.png", bands="red", pixels=20)
    assert picture(tmp_path / "x.png").shape == (4, 8, 18)


def test_values_are_stretched_between_percentiles():
    values = np.arange(30 * 70, dtype=float).reshape(30, 70)
    rgba = rgba_of(Pixels(WHOLE, {"a": values}), ["a"])
    assert (rgba[0].min(), rgba[0].max()) == (0, 255)
    low, high = np.percentile(values, (2, 98))
    middle = np.round((values[15, 35] - low) / (high - low) * 255)
    assert rgba[0][15, 35] == middle
    flat = rgba_of(Pixels(WHOLE, {"a": np.ones(WHOLE.shape)}), ["a"])
    assert (flat[3] == 255).all()
