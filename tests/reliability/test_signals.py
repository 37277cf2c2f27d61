"""Ctrl-C, SIGTERM and SIGHUP end a command alike, at any moment: one line, 128 plus the number, nothing half-done."""

import json
import signal
import time

import pytest

from stcloud.testing.events import on_disk, rows
from stcloud.testing.examples import spread

NAMES = {signal.SIGINT: "interrupted", signal.SIGTERM: "ended by SIGTERM", signal.SIGHUP: "ended by SIGHUP"}
READY = """
import sys
from stcloud.saas.cli import main
print("ready", flush=True)
main()
"""


def wait_for(seen):
    for _ in range(600):
        if seen():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """A file that takes some seconds to load."""
    file = tmp_path_factory.mktemp("big") / "big.csv"
    file.write_text(rows(250_000))
    return file


@pytest.mark.costly
@pytest.mark.parametrize(("number", "words"), NAMES.items(), ids=lambda one: str(one).rpartition(".")[2])
def test_a_load_that_is_ended_leaves_the_city_as_it_was_and_says_so(command, spawn, city, big, number, words):
    """A real interpreter hears Ctrl-C; the other signals take the same way."""
    before = on_disk(city)
    call = ("load", city, "events", big, "-f", "json")
    process = spawn("-m", "stcloud", *call) if number == signal.SIGINT else command(*call)
    wait_for(lambda: list(city.glob(".work/*.staging/*")))
    time.sleep(0.2)
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == 128 + number, (out, err)
    assert err.startswith(f"stcloud: {words}")
    assert err.count("\n") == 1
    assert not out or isinstance(json.loads(out), list)
    assert on_disk(city) == before


@pytest.mark.parametrize("wait_s", spread([0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5], least=3))
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_everything_is_imported_is_heard(spawn, city, number, wait_s):
    process = spawn("-c", READY, "query", city, "events", "--count", "-f", "csv")
    assert process.stdout.readline() == "ready\n"
    time.sleep(wait_s)
    process.send_signal(number)
    _, err = process.communicate()
    if process.returncode:  # else it was done before
        *notes, last = err.splitlines()  # the answer may have been there already, with its note
        assert process.returncode == 128 + number, err
        assert last.startswith(f"stcloud: {NAMES[number]}")
        assert len(notes) <= 1
        assert all(note.startswith("layer events") for note in notes)


def test_what_the_caller_ignores_stays_ignored(command, city):
    code = "signal.signal(signal.SIGHUP, signal.SIG_IGN); print('ready', flush=True)"
    process = command("query", city, "events", "--count", "-f", "csv", before=code)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate()
    assert (process.returncode, out.split()) == (0, ["count", "5"])
