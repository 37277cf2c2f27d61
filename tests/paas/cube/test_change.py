"""Changes of cubes: found where they were planted, in cells and in all of them, over what is known."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.cube.cube import CubeClass
from tests.paas.cube.test_emerging import made


@pytest.fixture
def planted():
    """Four cells over 30 days: the first one rises on day 12, the second falls on day 20; one is born on day 5."""
    chance = np.random.default_rng(4)
    values = chance.poisson(20, (30, 4))
    values[12:, 0] += 60
    values[20:, 1] -= values[20:, 1] - 1
    known = np.ones(values.shape, bool)
    known[:5, 3] = False
    known[14, 0] = False
    return made(values, known, np.arange(4) * 100.0, np.zeros(4))


def test_changes_are_found_where_they_were_planted(planted):
    rows = planted.change_points().to_pylist()
    found = {(row["cell_100m"], row["time"]) for row in rows}
    assert found == {(0, "day 12"), (1, "day 20"), (None, "day 20")}
    (rise,) = [row for row in rows if row["cell_100m"] == 0]
    values = planted.dense()[:, 0]
    assert rise["before"] == pytest.approx(values[:12].mean())
    assert rise["after"] == pytest.approx(np.delete(values, 14)[12:].mean())


def test_a_birth_is_no_change_of_the_whole(planted):
    born = replace(
        planted, measures={"count": replace(planted.measure(), values=np.full(len(planted.at), 50))}
    )
    assert born.change_points().num_rows == 0
    assert born.change_points(penalty=0.001).num_rows == 0


def test_a_greater_penalty_leaves_fewer_changes(planted):
    counts = [planted.change_points(penalty=penalty).num_rows for penalty in (1.0, 100.0, 1e9)]
    assert counts[0] > counts[1] > counts[2] == 0


def test_what_has_no_changes_is_refused(planted):
    axis = CubeClass("subject", pa.array(["a"]))
    split = made(np.ones((3, 4, 1), np.int64), np.ones((3, 4), bool), *np.zeros((2, 4)), classes=(axis,))
    for ask, kind in (
        (split.change_points, "has-classes"),
        (lambda: planted.change_points(penalty=0), "bad-penalty"),
        (lambda: planted.change_points("cuont"), "unknown-measure"),
    ):
        with pytest.raises((InvalidInput, NotFound)) as caught:
            ask()
        assert caught.value.kind == kind
