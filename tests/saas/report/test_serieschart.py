"""Charts of series: a part for each station and value, and lines that stop at gaps."""

import numpy as np
import pytest
from matplotlib.image import imread

from stcloud.errors import Unsupported
from stcloud.paas.series.resampled import read_every, resampled
from stcloud.paas.series.wantedtime import WantedTime
from stcloud.saas.report import chart_series
from stcloud.saas.report.serieschart import panels_of
from stcloud.testing.readings import readings_from
from stcloud.time import Zone

HOUR = 3_600_000_000


def result(stations="ab", hours=96, methods=("mean", "max")):
    rows = [
        (one, at * HOUR, {"x": float(at)}) for one in stations for at in range(hours) if not 24 <= at < 48
    ]
    return resampled(
        readings_from(rows, ["x"]), read_every("1d"), methods, None, WantedTime((), 10**17), Zone("UTC")
    )


def test_each_station_and_method_has_a_part_and_gaps_stay():
    panels = panels_of(result())
    assert [panel.title for panel in panels] == [
        "a: mean of x (1)", "a: max of x (1)", "b: mean of x (1)", "b: max of x (1)",
    ]  # fmt: skip
    assert np.isnan(panels[0].series[0].values).tolist() == [False, True, False, False]


def test_a_picture_is_written(tmp_path):
    path = chart_series(result(), "town", tmp_path / "air.png")
    assert imread(path).std() > 0


@pytest.mark.parametrize(("made", "says"), [
    (result("abcdefghijklm"), "a chart has at most 12 parts, and these results would have 26"),
    (result(""), "there are no readings to draw"),
])  # fmt: skip
def test_what_is_no_picture_is_refused(tmp_path, made, says):
    with pytest.raises(Unsupported, match=says) as caught:
        chart_series(made, "town", tmp_path / "air.png")
    assert caught.value.kind == "no-chart"
