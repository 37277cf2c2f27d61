"""A desk whose notices wait to be delivered."""

import pytest

from stcloud.testing.desks import new_desk
from stcloud.testing.hands import Hands


@pytest.fixture
def clock():
    return Hands("2024-03-01T09:50+08:00")


@pytest.fixture
def desk(tmp_path, clock):
    made = new_desk(tmp_path, clock=clock)
    made.do("C-1", "report", "file", "dispatch", department="roads")
    yield made
    made.records.close()
