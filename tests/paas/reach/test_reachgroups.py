"""Groups: sums by group against pandas, and beside those of another question."""

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.reach.placerows import Weights
from stcloud.paas.reach.reachgroups import PlaceGroups, compared, group_rows
from stcloud.testing.examples import examples

ROW = st.tuples(
    st.sampled_from(["a", "b", "c", None]), st.integers(0, 9), st.booleans(), st.booleans(), st.booleans()
)


def rows_of(drawn, *, grouped=True):
    names, people, *flags = zip(*drawn, strict=True) if drawn else ([], [], [], [], [])
    groups = PlaceGroups("name", pa.array(names, pa.string())) if grouped else None
    weights = Weights(np.array(people, np.float64), whole=True)
    return group_rows(groups, weights, *(np.array(flag, np.bool_) for flag in flags))


@settings(max_examples=examples(100))
@given(st.lists(ROW, max_size=12))
def test_law_of_sums(drawn):
    frame = pd.DataFrame(drawn, columns=["name", "people", "reached", "straight", "placed"])
    groups, whole = rows_of(drawn).to_pandas(), rows_of(drawn, grouped=False).to_pandas()
    for name in ("places", "people", "reached", "straight", "unplaced"):
        assert groups[name].sum() == whole[name][0]
    assert whole["people"][0] == frame["people"].sum()
    assert groups["name"].isna().tolist() == sorted(groups["name"].isna())
    expected = (
        frame.assign(reached=frame["people"] * frame["reached"])
        .groupby("name", dropna=False)["reached"]
        .sum()
    )
    assert groups["reached"].tolist() == expected.tolist()
    some = groups["people"] > 0
    np.testing.assert_allclose(groups["share"][some], (groups["reached"] / groups["people"])[some])
    assert groups["share"][~some].isna().all()


def test_groups_are_put_beside_those_before():
    before = rows_of([("a", 4, True, True, True), ("c", 1, True, True, True)])
    after = rows_of([("a", 4, False, True, True), ("b", 2, True, True, True), (None, 3, True, True, False)])
    beside = compared(after, before, "name").to_pylist()
    assert [row["name"] for row in beside] == ["a", "b", "c", None]
    assert [row["reached_change"] for row in beside] == [-4, None, None, None]
    assert [row["share_before"] for row in beside] == [1.0, None, 1.0, None]
    assert compared(rows_of([], grouped=False), rows_of([], grouped=False), None)[
        "people_change"
    ].to_pylist() == [0]
