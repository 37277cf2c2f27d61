"""Files of reports: whole or not at all, and a PDF where Chromium is."""

import shutil
import subprocess

import pytest

from stcloud.errors import MissingExtra, StorageError
from stcloud.saas.paper import pagefile
from stcloud.saas.paper.pagefile import write_page, write_pdf
from tests.browser import require_chromium


def test_without_chromium_a_pdf_is_refused_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MissingExtra) as refused:
        write_pdf("<p>x", tmp_path / "x.pdf")
    assert refused.value.kind == "chromium-needed"
    assert "-o report.html" in refused.value.in_shell
    assert not (tmp_path / "x.pdf").exists()


@pytest.mark.parametrize("fails", ["code", "time"])
def test_a_chromium_that_fails_leaves_nothing(monkeypatch, tmp_path, fails):
    def ended(*_, **__):
        if fails == "time":
            raise subprocess.TimeoutExpired("chromium", 120)
        return subprocess.CompletedProcess([], 7, b"", b"one\ncannot print")

    monkeypatch.setattr(pagefile, "chromium_program", lambda: "chromium")
    monkeypatch.setattr(pagefile.subprocess, "run", ended)
    with pytest.raises(StorageError) as failed:
        write_pdf("<p>x", tmp_path / "x.pdf")
    assert failed.value.kind == "pdf-not-written"
    assert [*tmp_path.iterdir()] == []


def test_a_page_is_printed(tmp_path):
    require_chromium()
    write_page("<p>蓝塘\n", tmp_path / "x.html")
    assert (tmp_path / "x.html").read_bytes() == "<p>蓝塘\n".encode()
    write_pdf("<p>蓝塘\n", tmp_path / "x.pdf")
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")
