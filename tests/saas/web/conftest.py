"""Towns that are served: made once, and only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.saas.web.town import Town, town

DAYS = ("2024-03-01", "2024-03-02", "2024-04-07")


@pytest.fixture(scope="session")
def shanghai(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("shanghai")
    with town(folder, "EPSG:4549", "Asia/Shanghai", (121.4, 31.2), DAYS) as served:
        yield served


@pytest.fixture(scope="session")
def auckland(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose clocks went back on one of the days, and whose CRS has the north first."""
    folder = tmp_path_factory.mktemp("auckland")
    with town(folder, "EPSG:2193", "Pacific/Auckland", (174.7, -36.9), DAYS) as served:
        yield served


@pytest.fixture(scope="session", params=["shanghai", "auckland"])
def place(request: pytest.FixtureRequest) -> Town:
    served: Town = request.getfixturevalue(request.param)
    return served
