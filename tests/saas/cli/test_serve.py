"""`stcloud serve`: a process that answers, and what it refuses before it listens."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

import stcloud

POLICY = """
[[allow]]
who = ["role:desk"]
do = ["read"]
layers = ["*"]
"""


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "town", crs="EPSG:2193", zone="Pacific/Auckland") as made:
        made.load("calls", [{"k": "a", "at": "2024-03-01T00:00:00", "lon": 174.7, "lat": -36.9}], key="k", time="at",
                  lon="lon", lat="lat")  # fmt: skip
    return tmp_path / "town"


def get(address, token=None):
    request = urllib.request.Request(
        address, headers={} if token is None else {"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_city_is_served_to_who_may_see_it(city, tmp_path, run):
    (tmp_path / "policy.toml").write_text(POLICY)
    command = [sys.executable, "-m", "stcloud", "token", "add", "zhao", "--role", "desk", "--file",
               str(tmp_path / "tokens.toml")]  # fmt: skip
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split()[-1]
    options = ["--port", "0", "--policy", tmp_path / "policy.toml", "--tokens", tmp_path / "tokens.toml", "--audit",
               tmp_path / "audit.ndjson"]  # fmt: skip
    command = [sys.executable, "-m", "stcloud", "serve", str(city), *map(str, options)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            root = re.search(r"http://\S+:\d+", process.stderr.readline())[0]
            status, problem = get(f"{root}/collections/calls/items")
            assert (status, problem["title"]) == (404, "unknown-layer")
            status, page = get(f"{root}/collections/calls/items", token)
            assert (status, page["numberMatched"], page["features"][0]["id"]) == (200, 1, "a")
            status, problem = get(f"{root}/", "stc_wrong")
            assert (status, problem["title"]) == (401, "not-signed-in")
        finally:
            process.terminate()
    entries = [json.loads(line) for line in (tmp_path / "audit.ndjson").read_text().splitlines()]
    assert [(entry["principal"], entry["status"], entry["rows"]) for entry in entries] == [
        ("", 404, None), ("zhao", 200, 1), ("", 401, None),
    ]  # fmt: skip
    done = run(
        "check", city, "--trail", tmp_path / "audit.ndjson"
    )  # it ended, and the city knows what was written
    assert (done.code, "3 lines, of which 3 are proved" in done.err) == (0, True), done.err


def test_what_cannot_be_served_is_refused_in_one_line(city, tmp_path, run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        cases = {
            "nothing says what they may see": ["--host", "0.0.0.0", city],
            "tokens say who asks": ["--tokens", tmp_path / "tokens.toml", city],
            "two cities have the name": [city, city],
            "nothing can listen": ["--port", taken.getsockname()[1], city],
            "no city": [tmp_path / "nowhere"],
            "no rate": ["--rate", "often", city],
            "could not write": ["--audit", tmp_path / "no" / "audit.ndjson", city],
        }
        for text, arguments in cases.items():
            done = run("serve", *arguments)
            assert done.code != 0, text
            assert text in done.err, done.err
            assert "Traceback" not in done.err


KINDS = ("policy-needed", "same-names", "cannot-listen", "web-needed", "not-signed-in", "bad-setting")
"""What the command refuses, by kind."""


def test_without_its_libraries_the_command_says_what_to_install(monkeypatch):
    from stcloud.errors import MissingExtra
    from stcloud.saas.cli.serve import serve

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtra) as refused:
        serve(["town"])
    assert refused.value.kind == "web-needed"
    assert "stcloud[web]" in str(refused.value)


def test_arrow_takes_its_memory_from_the_c_library(city):
    code = (
        "import sys, stcloud.saas.cli.serve as serve; assert 'pyarrow' not in sys.modules; "
        "serve.run_service = lambda *_: None; serve.serve([sys.argv[1]], port=0); "
        "import pyarrow; print(pyarrow.default_memory_pool().backend_name)"
    )
    done = subprocess.run([sys.executable, "-c", code, city], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "system"
