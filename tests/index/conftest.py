"""Coverages on a small lattice of whole numbers, so that points on edges and vertices are common."""

import numpy as np
import pytest
import shapely

from stcloud.index import kernel


def jittered(n, chance, side=100.0, origin=(571_300.0, 4_488_300.0), bends=0):
    """``n * n`` cells that leave no gap, from jittered corners; each edge has some bends, shared by its two cells."""
    at = np.stack(np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0)), -1) * side
    at[1:-1, 1:-1] += chance.uniform(-side / 4, side / 4, (n - 1, n - 1, 2))
    at += origin

    def bent(a, b):
        share = np.linspace(0, 1, bends + 2)[1:-1, None]
        between = a[..., None, :] * (1 - share) + b[..., None, :] * share
        return np.concatenate([a[..., None, :], between + chance.uniform(-3, 3, between.shape)], axis=-2)

    flat, steep = bent(at[:, :-1], at[:, 1:]), bent(at[:-1], at[1:])
    flat_back = np.concatenate([at[:, 1:, None], flat[:, :, :0:-1]], axis=2)
    steep_back = np.concatenate([at[1:, :, None], steep[:, :, :0:-1]], axis=2)
    rings = np.concatenate([flat[:-1], steep[:, 1:], flat_back[1:], steep_back[:, :-1]], axis=2)
    rings = rings.reshape(n * n, -1, 2)
    return shapely.polygons(np.concatenate([rings, rings[:, :1]], axis=1))


@pytest.fixture
def jitter():
    return jittered


@pytest.fixture(scope="module", autouse=True)
def compiled_loops():
    """Use compiled loops however small the input is; `test_few` compares what is done without them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "PLAIN_STEPS", -1)
        yield
