"""The instant of a load is the clock's, or just after the newest record, wherever that is noted."""

from types import SimpleNamespace

import pytest

from stcloud.daas.load.instant import next_recorded_us


@pytest.mark.parametrize(
    ("now", "entered", "stored", "instant"),
    [
        (50, None, None, 50),
        (50, 40, 30, 50),
        (50, 50, None, 51),
        (50, 60, 70, 71),
        (50, 80, 70, 81),
        (-9, None, -9, -8),
    ],
)
def test_recorded_time_strictly_increases(now, entered, stored, instant):
    layer = SimpleNamespace(name="events", last_recorded_us=lambda: stored)
    ledger = SimpleNamespace(newest_us={"events": entered}.get)
    assert next_recorded_us(layer, ledger, now) == instant
