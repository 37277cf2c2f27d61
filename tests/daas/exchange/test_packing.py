"""Packing: spans, links, and what is refused before a byte is written."""

import pytest

from stcloud.errors import StcloudError
from stcloud.testing.exchange import Sender, Ticking, receiving_city


@pytest.fixture
def sender(tmp_path):
    sender = Sender(tmp_path, Ticking())
    sender.load(1)
    return sender


def kind_of(act):
    with pytest.raises(StcloudError) as caught:
        act()
    return caught.value.kind


def test_a_span_is_half_open_and_ends_with_an_entry(sender, tmp_path):
    first_us = sender.clock.now_us
    sender.load(2)
    second_us = sender.clock.now_us
    path = tmp_path / "x.stpack"

    def packed(**span):
        (layer,) = sender.city.pack("events", to=path, **span).layers
        return layer.since_us, layer.until_us, layer.rows, layer.loads

    assert packed() == (None, second_us, 2, 2)
    assert packed(until=second_us - 1) == (None, first_us, 1, 1)
    assert packed(since=first_us) == (first_us, second_us, 1, 1)
    assert packed(since=first_us - 1) == (None, second_us, 2, 2)  # from the beginning, for nothing was before
    assert packed(since=second_us + 9) == (second_us, second_us, 0, 0)
    assert packed(since=sender.city.query("events").count().pin) == (second_us, second_us, 0, 0)


def test_the_same_span_gives_the_same_bytes(sender, tmp_path):
    one, other = sender.pack(), sender.pack()
    assert one.read_bytes() == other.read_bytes()


def test_what_is_refused_leaves_no_file(sender, tmp_path):
    path = tmp_path / "x.stpack"
    acts = {
        "unknown-layer": lambda: sender.city.pack("none", to=path),
        "which-layer": lambda: sender.city.pack(to=path),
        "unknown-format": lambda: sender.city.pack("events", to=tmp_path / "x.zip"),
        "nothing-to-pack": lambda: sender.city.pack("events", to=path, until=0),
        "no-package": lambda: sender.city.pack("events", to=path, since=tmp_path / "none.stpack"),
    }
    assert {kind_of(act) for act in acts.values()} == set(acts)
    assert list(tmp_path.glob("*x.*")) == []


def test_layers_of_two_owners_are_packed_apart(sender, tmp_path):
    city = receiving_city(tmp_path, sender.clock)
    city.receive(sender.pack(), as_layer="theirs")
    file = next(tmp_path.glob("district-*.csv"))
    city.load("events", file, definition=sender.city.layer("events").definition)
    assert kind_of(lambda: city.pack("events", "theirs", to=tmp_path / "x.stpack")) == "several-owners"
    done = city.pack("theirs", to=tmp_path / "x.stpack")
    assert [layer.layer for layer in done.layers] == ["theirs"]


def test_several_layers_go_in_one_package(sender, tmp_path):
    file = next(tmp_path.glob("district-*.csv"))
    sender.city.load("others", file, definition=sender.city.layer("events").definition)
    sender.city.load("others", file, mode="delete")
    since = sender.clock.now_us
    sender.load(2)
    sender.city.pack("others", "events", to=tmp_path / "all.stpack")
    sender.city.pack("events", "others", to=tmp_path / "more.stpack", since=since)
    city = receiving_city(tmp_path, sender.clock)
    assert [done.layer for done in city.receive(tmp_path / "all.stpack")] == ["others", "events"]
    assert kind_of(lambda: city.receive(tmp_path / "all.stpack", as_layer="x")) == "several-layers"
    for name in ("others", "events"):
        assert city.query(name).rows().table.equals(sender.city.query(name).rows().table)


def test_images_are_not_exchanged():
    from stcloud.daas.kind.scene import SCENE

    assert kind_of(SCENE.exchange) == "no-exchange"


def test_what_ended_after_a_span_has_not_ended_in_it(sender, tmp_path):
    first_us = sender.clock.now_us
    sender.load(1, note="corrected")
    city = receiving_city(tmp_path, sender.clock)
    for until, note in ((first_us, ""), (None, "corrected")):
        sender.city.pack("events", to=tmp_path / "x.stpack", until=until)
        city.receive(tmp_path / "x.stpack")
        assert city.query("events").rows().table["note"].to_pylist() == [note or None]
