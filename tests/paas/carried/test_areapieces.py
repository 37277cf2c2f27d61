"""Pieces of areas, compared with a double loop over all pairs of areas."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from stcloud.errors import InvalidInput
from stcloud.paas.carried import pieces_of_areas
from stcloud.testing.examples import examples
from tests.paas.carried.partitions import partitions


@given(partitions("s", gaps=True), partitions("t", gaps=True))
@settings(max_examples=examples(60))
def test_pieces_are_those_of_a_double_loop(sources, targets):
    pieces = pieces_of_areas(*sources, *targets)
    found = {
        (source, target): share
        for source, target, share in zip(
            pieces.source.tolist(), pieces.target.tolist(), pieces.share, strict=True
        )
    }
    for at, source in enumerate(sources[0]):
        for other, target in enumerate(targets[0]):
            share = source.intersection(target).area / source.area
            assert found.pop((at, other), 0.0) == pytest.approx(share, abs=1e-9)
        outside = source.difference(shapely.union_all(targets[0])).area / source.area
        assert found.pop((at, -1), 0.0) == pytest.approx(outside, abs=1e-9)
    assert found == {}
    covered = [target.intersection(shapely.union_all(sources[0])).area / target.area for target in targets[0]]
    np.testing.assert_allclose(pieces.covered, covered, atol=1e-9)


def test_areas_that_overlap_are_refused():
    twice = [shapely.box(0, 0, 10, 10), shapely.box(5, 0, 15, 10)]
    one = [shapely.box(0, 0, 20, 20)]
    for arguments in ((twice, ["a", "b"], one, ["c"]), (one, ["c"], twice, ["a", "b"])):
        with pytest.raises(InvalidInput) as refused:
            pieces_of_areas(*arguments)
        assert refused.value.kind == "overlapping-areas"
