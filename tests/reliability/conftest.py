"""A small city, and processes of their own."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import stcloud
from stcloud.errors import StcloudError
from stcloud.testing.events import define, on_disk, rows

DIE = """
import importlib, os, stcloud
module, owner, method, when, city, layer, file, options = args
owner = getattr(importlib.import_module(module), owner)
meant = getattr(owner, method)

def dying(*args, **named):
    where = str(getattr(args[0], "root", None) or getattr(args[0], "table_uri", "/layers/"))
    if "/layers/" not in where:  # the table of the ledger, or of the quarantine
        return meant(*args, **named)
    if when == "before":
        os._exit(9)
    meant(*args, **named)
    os._exit(9)

setattr(owner, method, dying)
stcloud.open(city).load(layer, file, **options)
"""

PACKAGE = Path(stcloud.__file__).parents[1]


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heard():
    """Return what lets a process hear the signals that these tests, run in the background, ignore themselves."""
    ignored = [one.name[3:] for one in ENDING if signal.getsignal(one) is signal.SIG_IGN]
    return ["env", f"--default-signal={','.join(ignored)}"] if ignored else []


@pytest.fixture
def spawn():
    """Start Python with stcloud on its path, in a process of its own; what still runs at the end is killed."""
    started = []

    def start(*args, env=None, **options):
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONWARNINGS": "ignore", **(env or {})}
        process = subprocess.Popen(
            [*heard(), sys.executable, *map(str, args)],
            env=environment,
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path):
    """A new city's folder."""
    place = tmp_path / "city"
    stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai")
    return place


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A city to be copied: its layer ``events`` holds five events."""
    place = tmp_path_factory.mktemp("model")
    stcloud.create(place / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    (place / "first.csv").write_text(rows(), encoding="utf-8")
    stcloud.open(place / "city").load("events", place / "first.csv", definition=define())
    return place


@pytest.fixture
def city(model, tmp_path):
    """The folder of a city whose layer ``events`` holds the five events of ``first.csv`` beside it."""
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    return tmp_path / "city"


@pytest.fixture
def unchanged(city):
    """Check at the end that nothing in the city has changed, but for what refused loads left in the quarantine."""
    before = _but_quarantine(city)
    yield
    assert _but_quarantine(city) == before


def _but_quarantine(city):
    return {path: digest for path, digest in on_disk(city).items() if not path.startswith("quarantine/")}


@pytest.fixture
def die(forks):
    """Load a file in a process that dies right before or right after a step."""

    def die(moment, city, layer, file, **options):
        process = forks(DIE, *moment, city, layer, file, options)
        process.join(60)
        assert process.exitcode == 9

    return die


@pytest.fixture
def kinds(monkeypatch):
    """Kinds of the errors made since the fixture began, the newest last."""
    made = []
    init = StcloudError.__init__

    def recording(self, kind, *rest, **named):
        made.append(kind)
        init(self, kind, *rest, **named)

    monkeypatch.setattr(StcloudError, "__init__", recording)
    return made
