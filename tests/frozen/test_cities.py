"""A city that an earlier version wrote opens, answers alike, and can be added to."""

import json
import math
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import stcloud as st

HERE = Path(__file__).parent
ARCHIVES = sorted(HERE.glob("*.zip"))


def answers(archive):
    with zipfile.ZipFile(archive) as file:
        return json.loads(file.read("answers.json"))


def city_of(archive):
    return archive.name.partition("-")[0]


QUESTIONS = [
    pytest.param(archive, kept["command"], kept["answer"], id=f"{archive.stem} {' '.join(kept['command'])}")
    for archive in ARCHIVES
    for kept in answers(archive)
]


@pytest.fixture(scope="session")
def thawed(tmp_path_factory):
    """Return the folder in which all archives are unpacked, for tests that only ask."""
    home = tmp_path_factory.mktemp("frozen")
    for archive in ARCHIVES:
        with zipfile.ZipFile(archive) as file:
            file.extractall(home)
    return home


@pytest.fixture
def town(tmp_path):
    """Return a folder with a town of one's own."""
    with zipfile.ZipFile(HERE / "town-0.1.0.zip") as file:
        file.extractall(tmp_path)
    return tmp_path


def assert_alike(now, then):
    """Assert that nothing that was answered then is missing or differs now; more may be answered."""
    if isinstance(then, dict):
        assert then.keys() <= now.keys()
        for name, value in then.items():
            assert_alike(now[name], value)
    elif isinstance(then, list):
        assert len(now) == len(then)
        for one, other in zip(now, then, strict=True):
            assert_alike(one, other)
    elif isinstance(then, float):
        assert math.isclose(now, then, rel_tol=1e-9, abs_tol=1e-9)
    else:
        assert now == then


@pytest.mark.parametrize(("archive", "command", "answer"), QUESTIONS)
def test_a_question_is_answered_as_it_was(run, thawed, archive, command, answer):
    name, *rest = command
    group = [name, rest.pop(0)] if name == "grid" else [name]
    outcome = run(*group, thawed / city_of(archive), *rest, "-f", "json")
    if command == ["check"]:
        assert not [finding for finding in json.loads(outcome.out) if finding["faults"]]
        return
    assert outcome.code == 0, outcome.err
    if "--known-at" in command:  # ends that came later were told: docs/decisions/0010
        answer = [row | {"st_recorded_to": None} if "st_recorded_to" in row else row for row in answer]
    assert_alike(json.loads(outcome.out), answer)


def test_what_was_loaded_then_is_known(town):
    city = st.open(town / "town")
    reckoning = city.load("requests", town / "requests_1.csv", definition="district-requests")
    assert reckoning.known
    assert reckoning.accepted == 300


def test_events_are_added_and_the_past_stays(town):
    city = st.open(town / "town")
    before = city.query("requests").known_at("2025-01-03").count(by=["unit", "month"]).to_pandas()
    reckoning = city.load("requests", town / "requests_3.csv")
    assert (reckoning.accepted, reckoning.updated, reckoning.rejected) == (30, 18, 0)
    after = city.query("requests").known_at("2025-01-03").count(by=["unit", "month"]).to_pandas()
    assert after.equals(before)
    assert city.query("requests").count().to_pandas()["count"].sum() == 430
    units = city.query("requests").count(by=["unit"]).to_pandas().dropna()
    assert (
        units["count"].sum() == city.query("requests").where("unit:999101").count().to_pandas()["count"].sum()
    )
    assert not [finding for finding in city.check() if finding.faults]


def test_features_are_added_and_the_past_stays(town):
    city = st.open(town / "town")
    pinned = {"known_at": "2025-02-01"}
    then = [row["st_key"] for row in city.features("components").as_of("2025-03-01", **pinned).to_records()]
    reckoning = city.load("components", town / "components_2.csv", valid_from="2025-02-01", mode="delete")
    assert reckoning.updated == 19
    again = [row["st_key"] for row in city.features("components").as_of("2025-03-01", **pinned).to_records()]
    assert again == then
    assert len(city.features("components").as_of("2025-03-01").to_records()) == len(then) - 19
    assert not [finding for finding in city.check() if finding.faults]


def test_nobody_reads_on_and_no_library_speaks(thawed):
    command = [
        sys.executable,
        "-m",
        "stcloud",
        "join",
        thawed / "town",
        "requests",
        "communities",
        "-f",
        "csv",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        notes = process.stderr.read()
    assert process.returncode == 0
    assert len(notes.splitlines()) == 1, notes
