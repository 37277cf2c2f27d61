"""`stcloud pack` and `stcloud receive`: what they print, and how they refuse."""

import json

import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.testing.exchange import Sender, receiving_city


@pytest.fixture
def sender(tmp_path):
    sender = Sender(tmp_path)
    sender.load(1, 2)
    receiving_city(tmp_path, sender.clock)
    return sender


def test_packages_go_from_one_city_to_another(run, sender, tmp_path):
    packed = run("pack", tmp_path / "district", "events", "-o", tmp_path / "a.stpack", "-f", "json")
    assert packed.code == 0
    assert json.loads(packed.out) == [
        {
            "layer": "events",
            "since": None,
            "until": "2024-03-10T01:00+08:00",
            "rows": 2,
            "ends": 0,
            "loads": 1,
        }
    ]
    assert "bytes" in packed.err
    sender.load(2, note="later")
    run(
        "pack", tmp_path / "district", "events", "-o", tmp_path / "b.stpack", "--since", tmp_path / "a.stpack"
    )
    late = run("receive", tmp_path / "city", tmp_path / "b.stpack")
    assert (late.code, late.out) == (4, "")
    assert late.err.startswith(
        "stcloud: b.stpack begins after 2024-03-10T01:00+08:00, and of layer 'events' nothing"
    )
    both = run("receive", tmp_path / "city", tmp_path, "-f", "json")
    assert [(record["outcome"], record["rows"], record["ends"]) for record in json.loads(both.out)] == [
        ("received", 2, 0), ("received", 1, 1),
    ]  # fmt: skip
    answer = run("query", tmp_path / "city", "events", "--known-at", "origin:2024-03-10T01:30", "--count")
    assert answer.code == 0, answer.err
    refused = run("load", tmp_path / "city", "events", next(tmp_path.glob("district-*.csv")))
    assert refused.code == 2
    assert refused.err.count("\n") == 1
    assert "read only here" in refused.err


def test_a_package_is_for_somebody(run, sender, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('[[allow]]\nwho = ["role:city"]\ndo = ["read"]\nlayers = ["events"]\nhide = ["note"]\n')
    pack = ("pack", tmp_path / "district", "events", "-o", tmp_path / "a.stpack")
    assert run(*pack, "--for", "zhao").code == 2
    assert run(*pack, "--policy", policy, "--for", "zhao").code == 3  # there is no such layer for zhao
    assert run(*pack, "--policy", policy, "--for", "zhao", "--role", "city").code == 0
    run("receive", tmp_path / "city", tmp_path / "a.stpack", "--as", "theirs")
    names = [attribute.name for attribute in stcloud.open(tmp_path / "city").layer("theirs").attributes]
    assert "note" not in names


def test_odd_names_are_refused_before_work_starts(run, sender, tmp_path):
    refused = run("pack", tmp_path / "district", "events", "-o", tmp_path / "a.zip")
    assert (refused.code, "NAME.stpack" in refused.err) == (2, True)
    assert run("receive", tmp_path / "city", tmp_path / "none.stpack").code == 3


def test_a_package_does_not_replace_the_one_before(run, sender, tmp_path):
    package = tmp_path / "a.stpack"
    assert run("pack", tmp_path / "district", "events", "-o", package).code == 0
    held = package.read_bytes()
    refused = run("pack", tmp_path / "district", "events", "-o", package, "--since", f"{tmp_path}/./a.stpack")
    assert (refused.code, package.read_bytes()) == (2, held)
    assert "would be replaced" in refused.err
    with stcloud.open(tmp_path / "district") as city, pytest.raises(InvalidInput) as caught:
        city.pack("events", to=package, since=package)
    assert caught.value.kind == "replaced-package"


def test_what_was_received_before_a_failure_is_printed(run, sender, tmp_path):
    district, packages = tmp_path / "district", tmp_path / "out"
    packages.mkdir()
    run("pack", district, "events", "-o", packages / "a.stpack")
    sender.load(2, note="later")
    run("pack", district, "events", "-o", tmp_path / "b.stpack", "--since", packages / "a.stpack")
    sender.load(3)
    run("pack", district, "events", "-o", packages / "c.stpack", "--since", tmp_path / "b.stpack")
    done = run("receive", tmp_path / "city", packages, "-f", "json")
    assert done.code == 4
    assert [record["package"] for record in json.loads(done.out)] == ["a.stpack"]
    assert "c.stpack begins after" in done.err
