"""Polygons in another CRS: near those whose edges were divided finely before."""

import numpy as np
import shapely

from stcloud.space import project
from stcloud.space.polygons import project_polygons

SQUARE = shapely.box(500_000, 3_380_000, 520_000, 3_400_000) - shapely.box(
    505_000, 3_385_000, 506_000, 3_386_000
)


def finely(shape, target):
    return shapely.transform(
        shapely.segmentize(shape, 50),
        lambda xy: np.stack(project(xy[:, 0], xy[:, 1], "EPSG:4548", target), 1),
    )


def test_edges_are_divided_until_they_are_near_their_true_curves():
    shapes = np.array([SQUARE, None, shapely.Point(1, 1)], object)
    for target, tolerance in (("OGC:CRS84", 1e-9), ("EPSG:3857", 0.01)):
        made = project_polygons(shapes[:1], "EPSG:4548", target, tolerance)
        assert shapely.symmetric_difference(made[0], finely(SQUARE, target)).area < made[0].length * tolerance
    made = project_polygons(shapes, "EPSG:4548", "OGC:CRS84", 1e-7)
    assert [shape is None for shape in made] == [False, True, True]
    assert len(made[0].interiors) == 1


def test_polygons_of_the_same_crs_are_given_as_they_are():
    made = project_polygons(np.array([SQUARE, shapely.Polygon()], object), "EPSG:4548", "EPSG:4548", 1)
    assert made[0].equals_exact(SQUARE)
    assert made[1] is None
