"""Lines of streets: parts by the key of their street; what is no street is counted or refused."""

import numpy as np
import pyarrow as pa
import pytest
import shapely

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.reach.speedtable import SpeedTable
from stcloud.paas.reach.streetlines import StreetLines
from stcloud.paas.reach.walkrules import WalkRules

TABLE = SpeedTable(column="class", speed_mps={"motorway": 0.0, "steps": 0.5, "alley": 1.0})
LINE = shapely.LineString([(0, 0, 5), (30, 40, 9)])


def table_of(shapes, **columns):
    made = np.empty(len(shapes), object)
    made[:] = shapes
    keys = [f"k{len(shapes) - number}" for number in range(len(shapes))]
    return pa.table({"st_key": keys, **columns, "st_geom": pa.array(shapely.to_wkb(made), pa.binary())})


def test_parts_of_streets_are_lines_by_key():
    two = shapely.MultiLineString([[(0, 0), (10, 0)], [(20, 0), (40, 0)]])
    table = table_of(
        [LINE, two, shapely.Point(0, 0), None, shapely.LineString([(1, 1), (1, 1)])],
        **{"class": ["steps", None, None, None, None], "level": pa.array([1, None, 0, 0, 0])},
    )
    lines = StreetLines.of(table, "streets", WalkRules.of(table=TABLE, level="level"))
    assert lines.keys.to_pylist() == ["k4", "k4", "k5"]
    assert lines.lengths_m().tolist() == [10, 20, 50]
    assert lines.speed_mps.tolist() == [1.2, 1.2, 0.5]
    assert lines.level.tolist() == [0, 0, 1]
    assert lines.facts == {"classes without a street": "motorway, alley", "no line": "3 of streets"}


@pytest.mark.parametrize(
    ("table", "options", "kind"),
    [
        (table_of([]), {}, "no-streets"),
        (table_of([shapely.Point(0, 0), None]), {}, "not-streets"),
        (table_of([shapely.box(0, 0, 1, 1)]), {}, "not-streets"),
        (table_of([LINE], **{"class": ["motorway"]}), {"table": TABLE}, "no-streets"),
        (table_of([LINE], level=["high"]), {"level": "level"}, "wrong-type"),
        (table_of([LINE], level=[0.5]), {"level": "level"}, "wrong-type"),
        (table_of([LINE], level=[1]), {"level": "levels"}, "unknown-column"),
        (table_of([LINE], level=[1]), {"table": TABLE}, "unknown-column"),
        (table_of([LINE]), {"level": "st_key"}, "unknown-column"),
    ],
)
def test_what_is_no_street_is_refused(table, options, kind):
    with pytest.raises((InvalidInput, NotFound)) as refused:
        StreetLines.of(table, "streets", WalkRules.of(**options))
    assert refused.value.kind == kind
