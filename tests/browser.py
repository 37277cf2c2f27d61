"""Headless Chromium for tests of pages: drawn by software, and no name leads out of this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["chromium", "require_chromium"]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
DRAWN_BY_SOFTWARE = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
"""No name leads anywhere: what would leave the machine fails."""


def require_chromium() -> str:
    """Return the path of the system's Chromium; without one the test skips, and fails where it is required."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        required = os.environ.get("STCLOUD_BROWSER") == "required"
        assert not required, "pages are to be tested, and there is no Chromium"
        pytest.skip("Chromium is not installed: make .venv/.chromium")
    return program


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium without a window."""
    program = require_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = [*DRAWN_BY_SOFTWARE, NOWHERE, "--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()
