"""Files of reports: HTML as it is rendered, and PDF as Chromium prints it.

Tested by `tests/saas/paper/test_pagefile.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from stcloud.errors import MissingExtra, StorageError
from stcloud.saas.wholefile import whole_file

__all__ = ["chromium_program", "write_page", "write_pdf"]

_PROGRAMS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)  # fmt: skip
_OPTIONS = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer",
)  # fmt: skip
_MOST_S = 120


def chromium_program() -> str:
    """Return the program that prints pages; `MissingExtra` ``chromium-needed`` where there is none."""
    for name in _PROGRAMS:
        if (path := shutil.which(name)) is not None:
            return path
    raise MissingExtra(
        "chromium-needed", "a PDF is printed by Chromium, and no Chromium or Chrome is installed here",
        hint="install it, or write the page (-o report.html) and print it from a browser",
    )  # fmt: skip


def write_page(text: str, path: Path) -> None:
    """Write a page, whole or not at all; raises what `whole_file` raises."""
    with whole_file(path) as whole:
        whole.write_text(text, encoding="utf-8", newline="\n")


def write_pdf(text: str, path: Path) -> None:
    """Print a page into a PDF file, whole or not at all.

    Raises
    ------
    MissingExtra
        ``chromium-needed``.
    StorageError
        ``pdf-not-written``: Chromium did not print it; what `whole_file` raises.
    """
    program = chromium_program()
    with tempfile.TemporaryDirectory(prefix="stcloud-pdf-") as name, whole_file(path) as whole:
        folder = Path(name)
        page, printed = folder / "page.html", folder / "page.pdf"
        page.write_text(text, encoding="utf-8", newline="\n")
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [program, *_OPTIONS, *root, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={printed}",
                   page.as_uri()]  # fmt: skip
        try:
            ended = subprocess.run(command, capture_output=True, timeout=_MOST_S, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StorageError("pdf-not-written", f"{program} did not print {path}: {error}") from error
        if ended.returncode or not printed.is_file():
            reason = ended.stderr.decode(errors="replace").strip().splitlines()
            raise StorageError(
                "pdf-not-written",
                f"{program} did not print {path}: {reason[-1] if reason else ended.returncode}",
            )
        shutil.copyfile(printed, whole)
