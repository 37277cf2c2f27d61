"""Packages are received once and in order; what cannot be is refused with its reason, and nothing is applied."""

import pytest

import stcloud
from stcloud.errors import StcloudError
from stcloud.testing.exchange import Sender, Ticking, receiving_city


@pytest.fixture
def clock():
    return Ticking()


@pytest.fixture
def sender(tmp_path, clock):
    return Sender(tmp_path, clock)


@pytest.fixture
def city(tmp_path, clock):
    return receiving_city(tmp_path, clock)


def kind_of(act):
    with pytest.raises(StcloudError) as caught:
        act()
    return caught.value.kind


def keys(city, layer="events"):
    return city.query(layer).rows().table["st_key"].to_pylist()


def test_a_package_is_received_once_and_in_order(sender, city, clock):
    sender.load(1, 2)
    first = sender.pack()
    sender.load(3)
    second = sender.pack(first)
    sender.load(4)
    third = sender.pack(second)
    assert kind_of(lambda: city.receive(second)) == "missing-package"
    assert [done.outcome for done in city.receive(first)] == ["received"]
    assert kind_of(lambda: city.receive(third)) == "missing-package"
    assert [done.outcome for path in (second, second, first) for done in city.receive(path)] == [
        "received", "known", "known",
    ]  # fmt: skip
    assert keys(city) == keys(sender.city)[:3]


def test_a_folder_is_received_in_the_order_of_its_chain(sender, city, tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    sender.load(1)
    package = sender.pack()
    package = package.rename(place / "z.stpack")
    for name in "yx":
        sender.load(ord(name))
        package = sender.pack(package).rename(place / f"{name}.stpack")
    assert [done.package for done in city.receive(place)] == ["z.stpack", "y.stpack", "x.stpack"]
    assert keys(city) == keys(sender.city)
    assert kind_of(lambda: city.receive(tmp_path / "none.stpack")) == "no-package"


def test_a_restored_owner_has_another_past(sender, city, tmp_path):
    sender.load(1)
    first = sender.pack()
    sender.city.copy_to(tmp_path / "backup")
    sender.load(2)
    city.receive(first)
    city.receive(sender.pack(first))
    sender.city = stcloud.open(tmp_path / "backup", clock=sender.clock)
    sender.load(3)
    assert kind_of(lambda: city.receive(sender.pack(first))) == "changed-past"
    assert kind_of(lambda: city.receive(sender.pack())) == "changed-past"
    before_us = sender.clock.now_us
    sender.clock.tick()
    assert [done.outcome for done in city.receive(sender.pack(), anew=True)] == ["anew"]
    assert keys(city) == keys(sender.city)
    assert city.query("events").known_at(before_us).rows().table.num_rows == 0


def test_what_was_purged_goes_with_a_package_from_the_beginning(sender, city):
    sender.load(1, 2)
    first = sender.pack()
    city.receive(first)
    received_us = sender.clock.now_us
    sender.clock.tick()
    sender.city.purge("events", what="note = 'x'")
    sender.city.purge("events", before="2024-03-03")
    assert kind_of(lambda: sender.pack(first)) == "purged-since"
    assert [done.outcome for done in city.receive(sender.pack())] == ["anew"]
    assert keys(city) == keys(sender.city)
    asked = city.query("events").known_at(received_us)
    theirs = sender.city.query("events").known_at(received_us)
    assert kind_of(asked.rows) == kind_of(theirs.rows) == "purged"


def test_a_received_layer_is_read_only(sender, city, tmp_path):
    sender.load(1)
    city.receive(sender.pack())
    sender.load(2)
    file = next(tmp_path.glob("district-*.csv"))
    acts = [
        lambda: city.load("events", file),
        lambda: city.load("events", file, mode="delete"),
        lambda: city.load("events", file, dry_run=True),
        lambda: city.undo("events", city.layer("events").loads[0].load),
        lambda: city.purge("events", before="2025"),
        lambda: city.describe("events", title="Mine"),
    ]
    assert {kind_of(act) for act in acts} == {"received-layer"}
    assert city.rename("events", "theirs")
    assert [done.layer for done in city.receive(sender.pack())] == ["theirs"]
    assert keys(city, "theirs") == keys(sender.city)


def test_names_that_are_taken_are_refused(sender, city, tmp_path, clock):
    other = Sender(tmp_path, clock, "other")
    for each in (sender, other):
        each.load(1)
    city.receive(sender.pack())
    assert kind_of(lambda: city.receive(other.pack())) == "other-origin"
    assert [done.layer for done in city.receive(other.pack(), as_layer="others")] == ["others"]
    other.load(2)
    assert [done.layer for done in city.receive(other.pack(other.folder / "other-1.stpack"))] == ["others"]
    assert kind_of(lambda: sender.city.receive(other.pack())) == "own-layer"


def test_columns_definition_and_description_follow_their_owner(sender, city, tmp_path):
    sender.load(1)
    sender.city.describe("events", owner="Roads", update_cycle="PT1H")
    first = sender.pack()
    city.receive(first)
    assert city.layer("events").description.owner == "Roads"
    sender.city.describe("events", owner=None, title="Requests")
    city.receive(sender.pack(first))  # nothing was recorded, and it says more
    assert (city.layer("events").description.owner, city.layer("events").title) == (None, "Requests")
    assert city.layer("events").attributes == sender.city.layer("events").attributes
    assert city.layer("events").definition.digest() == sender.city.layer("events").definition.digest()


def test_loads_completeness_and_quality_are_those_of_the_owner(sender, city):
    sender.load(1, 2)
    sender.load(2, note="n")
    city.receive(sender.pack())
    ours, theirs = (each.layer("events") for each in (city, sender.city))
    assert ours.loads == theirs.loads
    assert (ours.pin_us(), ours.completeness()) == (theirs.pin_us(), theirs.completeness())
    assert city.quality("events") == sender.city.quality("events")


def test_a_pin_of_the_owner_holds_here(sender, city):
    sender.load(1)
    pin = sender.city.query("events").count().pin
    sender.load(2)
    city.receive(sender.pack())
    assert city.query("events").known_at(pin).count().table.to_pylist() == [{"count": 1}]
    assert city.query("events").known_at(pin).count().pin == pin


def test_a_received_layer_is_passed_on_as_its_owners(sender, city, tmp_path, clock):
    sender.load(1)
    first = sender.pack()
    city.receive(first)
    city.pack("events", to=tmp_path / "on.stpack")
    (tmp_path / "third").mkdir()
    third = receiving_city(tmp_path / "third", clock)
    assert [done.city for done in third.receive(tmp_path / "on.stpack")] == ["district"]
    assert [done.outcome for done in third.receive(first)] == ["known"]
    sender.load(2)
    third.receive(sender.pack(first))
    assert keys(third) == keys(sender.city)


def test_another_crs_is_refused(sender, tmp_path, clock):
    stcloud.create(tmp_path / "far", crs="EPSG:4549", zone="Asia/Shanghai")
    sender.load(1)
    far = stcloud.open(tmp_path / "far", clock=clock)
    assert kind_of(lambda: far.receive(sender.pack())) == "unfit-package"
    assert far.layers() == ()
