"""A browser, and the demo town at a service."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium
from tests.conformance.console.planner import AXE
from tests.conformance.web.serving import serve

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def town(demo: tuple[Path, str]) -> Path:
    """The folder of the demo town, only to be read."""
    return demo[0]


@pytest.fixture(scope="module")
def service(town: Path) -> Iterator[str]:
    with serve(town) as address:
        yield address


@pytest.fixture
def own_town(town: Path, tmp_path: Path) -> Path:
    """A copy of the demo town, to be changed."""
    return shutil.copytree(town, tmp_path / "town")


@pytest.fixture(scope="session")
def axe() -> None:
    """Have axe-core there, or skip."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make .venv/.page")
