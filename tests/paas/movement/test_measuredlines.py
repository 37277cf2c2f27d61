"""Lines with the instants of their vertices, against texts that shapely reads."""

import numpy as np
import shapely
from hypothesis import given, settings

from stcloud.paas.movement.measuredlines import measured_lines
from stcloud.testing.examples import examples
from stcloud.testing.movers import SECOND, fixes_of, tracks_of, worlds


def text_of(track):
    vertices = [f"{x!r} {y!r} {at_us / SECOND!r}" for _, at_us, x, y in track]
    return f"LINESTRING M ({', '.join(vertices)})" if len(vertices) > 1 else f"POINT M ({vertices[0]})"


@settings(max_examples=examples(100))
@given(worlds(16))
def test_each_vertex_has_its_instant(rows):
    fixes = fixes_of(rows)
    lines = measured_lines(fixes, fixes.x, fixes.y)
    assert list(lines) == [shapely.from_wkt(text_of(track)) for _, track in sorted(tracks_of(rows).items())]
    assert shapely.has_m(lines).all()
    assert shapely.from_wkb(shapely.to_wkb(lines, flavor="iso")).tolist() == list(lines)
    for line in lines:
        assert (np.diff(shapely.get_coordinates(line, include_m=True)[:, 2]) >= 0).all()


def test_microseconds_stay():
    fixes = fixes_of([("a", 1_709_287_200_123_457, 0.0, 0.0), ("a", 1_709_287_200_123_458, 1.0, 0.0)])
    (line,) = measured_lines(fixes, fixes.x, fixes.y)
    seconds = shapely.get_coordinates(line, include_m=True)[:, 2]
    assert np.round(seconds * SECOND).astype(np.int64).tolist() == fixes.time_us.tolist()
