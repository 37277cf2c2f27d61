"""A file or folder that may not be read or written: exit 6 and one line, whatever library met it."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest
import shapely

import stcloud
from stcloud.index import size
from stcloud.testing.cases import AREAS, CRS, EVENTS, GRID, events, grid_of
from stcloud.testing.town import quads


@pytest.fixture(scope="module", autouse=True)
def kept_indexes():
    """Keep indexes on disk however small their layers are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(size, "SMALL_VERTICES", -1)
        yield


MANY = """
import contextlib, ctypes, io, json, os, sys, tempfile
from pathlib import Path
from stcloud.saas.cli import main

class Head(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("process", ctypes.c_int)]

class Sets(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]

library, head, sets = ctypes.CDLL(None, use_errno=True), Head(0x20080522, 0), (Sets * 2)()
assert library.capget(ctypes.byref(head), sets) == 0
for capability in (1, 2):  # with these, permissions do not bind the superuser
    sets[0].effective &= ~(1 << capability)
    sets[0].permitted &= ~(1 << capability)
assert library.capset(ctypes.byref(head), sets) == 0

city, file, answers = args
COMMANDS = {
    "layers": ["layers", city], "check": ["check", city, "-f", "json"], "quarantine": ["quarantine", city, "cases"],
    "query": ["query", city, "cases", "-f", "csv"], "unit": ["query", city, "cases", "--count", "--by", "unit"],
    "show": ["show", city, "areas", "--as-of", "2020-01-01", "-f", "csv"],
    "load": ["load", city, "cases", file, "--max-rejected", "9"],
    "vacuum": ["vacuum", city],
}

def run(words):
    sys.argv = ["stcloud", *words]
    out, err = io.StringIO(), io.StringIO()
    kept, raw = os.dup(2), tempfile.TemporaryFile()
    os.dup2(raw.fileno(), 2)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ending:
            code = ending.code
    os.dup2(kept, 2)
    raw.seek(0)
    return code, err.getvalue() + raw.read().decode(), out.getvalue()

Path(answers).write_text(json.dumps({name: run(words) for name, words in COMMANDS.items()}))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A city with refused rows, an indexed grid and areas; beside it a file to load."""
    home = tmp_path_factory.mktemp("permission")
    city = stcloud.create(home / "city", crs=CRS, zone="Asia/Shanghai")
    shapes, codes = quads(2, 2)
    grid_of(shapes, codes).to_file(home / "cells.gpkg")
    grid_of(shapes, codes).rename(columns={"gridCode": "name"}).to_file(home / "areas.gpkg")
    for name, text in (("cells", GRID), ("areas", AREAS)):
        definition = stcloud.Definition.from_toml(text, name=name)
        city.load(name, home / f"{name}.gpkg", definition=definition, valid_from="2015-01-01")
    rows = events(40, 1, shapely.total_bounds(shapes))
    rows.loc[3, "at"] = "never"
    rows.iloc[:30].to_csv(home / "first.csv", index=False)
    rows.to_csv(home / "next.csv", index=False)
    definition = stcloud.Definition.from_toml(EVENTS, name="cases")
    city.load("cases", home / "first.csv", definition=definition, max_rejected=5)
    return home


@pytest.fixture
def bound(forks, model, tmp_path):
    """Run all commands on a copy of the city of which some places have another mode, as one whom it binds."""
    place = tmp_path / "city"
    shutil.copytree(model / "city", place)

    def run(pattern, mode):
        paths = [place] if pattern == "." else sorted(place.glob(pattern))
        assert paths
        for path in paths:
            path.chmod(mode)
        process = forks(MANY, str(place), str(model / "next.csv"), str(tmp_path / "answers.json"))
        process.join(120)
        for path in paths:
            path.chmod(0o755)
        assert process.exitcode == 0
        return json.loads((tmp_path / "answers.json").read_text())

    if os.geteuid() == 0 and not sys.platform.startswith("linux"):
        pytest.skip("permissions do not bind here")
    return run


FORBIDDEN = {
    ".": {"layers", "check", "quarantine", "query", "unit", "show", "load", "vacuum"},
    "city.toml": {"layers", "check", "quarantine", "query", "unit", "show", "load", "vacuum"},
    "layers": {"layers", "check", "quarantine", "query", "unit", "show", "load", "vacuum"},
    "layers/cases.toml": {"layers", "check", "query", "load"},
    "layers/cases": {"layers", "check", "quarantine", "query", "unit", "load", "vacuum"},
    "layers/cases/_delta_log": {"layers", "check", "quarantine", "query", "unit", "load", "vacuum"},
    "layers/cases/_delta_log/*.json": {"layers", "check", "quarantine", "query", "unit", "load", "vacuum"},
    "layers/cases/*.parquet": {"check", "query", "unit", "load"},
    "layers/areas/*.parquet": {"check", "show"},
    "ledger": {"layers", "check", "quarantine", "load"},
    "ledger/*.parquet": {"layers", "check", "quarantine", "load"},
    "quarantine": {"check", "quarantine", "load"},
    "quarantine/*.parquet": {"check", "quarantine"},
    "index": {"check"},
    "index/cells/*/*.npy": {"check"},
}
"""Which commands cannot do without a place."""


LISTED = ("layers", "layers/cases/_delta_log", "ledger")
"""Folders that are tried too where their names may be listed and nothing inside may be opened."""
CASES = [*((place, 0o000) for place in FORBIDDEN), *((place, 0o444) for place in LISTED)]


@pytest.mark.costly
@pytest.mark.parametrize(("pattern", "mode"), CASES, ids=str)
def test_what_may_not_be_read_is_said_in_one_line(bound, pattern, mode):
    commands = FORBIDDEN[pattern]
    for name, (code, err, _) in bound(pattern, mode).items():
        last = err.splitlines()[-1] if err else ""
        assert code == 6 if name in commands else code in (0, 6), (name, code, err)
        assert "\x1b" not in err, (name, err)
        assert "fault of stcloud" not in err, (name, err)
        assert "panicked" not in err, (name, err)
        assert code == 0 or (last.startswith("stcloud: ") and err.count("stcloud: ") == 1), (name, err)


@pytest.mark.costly
@pytest.mark.parametrize("pattern", [".", "layers/cases", "ledger", ".work"])
def test_what_may_not_be_written_is_said_in_one_line(bound, pattern):
    for name, (code, err, _) in bound(pattern, 0o555).items():
        assert code in ((0, 6) if name in ("load", "vacuum") else (0,)), (name, code, err)
        assert code == 0 or (err.count("\n") == 1 and err.startswith("stcloud: could not ")), (name, err)
        assert "\x1b" not in err, (name, err)
