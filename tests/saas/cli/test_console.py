"""`stcloud console`: a page and a service on this machine."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request

import stcloud


def test_the_page_is_at_the_address_that_is_printed(tmp_path):
    stcloud.create(tmp_path / "town", crs="EPSG:2193", zone="Pacific/Auckland").close()
    command = [sys.executable, "-m", "stcloud", "console", str(tmp_path / "town")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline()
            address = re.search(r"the console is at (http://127\.0\.0\.1:\d+/)", line)[1]
            request = urllib.request.Request(address, headers={"Accept": "text/html"})
            with urllib.request.urlopen(request, timeout=20) as answer:
                assert b"main.js" in answer.read()
        finally:
            process.terminate()


def test_what_is_no_city_is_refused_in_one_line(tmp_path, run):
    done = run("console", tmp_path / "none")
    assert done.code != 0
    assert len(done.err.strip().splitlines()) <= 2
    assert "Traceback" not in done.err
