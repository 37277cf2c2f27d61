"""Questions that read a received layer beside one of the city's own: each layer is taken by its own recorded time."""

import pyarrow as pa
import pytest

import stcloud
from stcloud.errors import StcloudError
from stcloud.paas.query import Pin
from stcloud.testing.events import HEAD, define, row
from stcloud.testing.exchange import Ticking, receiving_city

AREAS = """
id = "areas"
kind = "feature"
key = ["code"]
[space]
column = "wkt"
crs = "EPSG:4326"
[columns.people]
type = "integer"
"""


def areas(*names):
    """Return a file of squares of a tenth of a degree along the 31.9th parallel."""
    lines = ["code,people,wkt"]
    for place, name in enumerate(names):
        west, east = 117 + place / 10, 117.1 + place / 10
        square = f"POLYGON(({west} 31.8, {east} 31.8, {east} 32, {west} 32, {west} 31.8))"
        lines.append(f'{name},{1000 * (place + 1)},"{square}"')
    return "\n".join(lines) + "\n"


def load(city, clock, layer, text, folder, definition, **options):
    clock.tick()
    file = folder / f"{layer}-{clock.now_us}.csv"
    file.write_text(text, encoding="utf-8")
    city.load(layer, file, definition=definition, **options)


@pytest.fixture
def cities(tmp_path):
    """Return the owner of areas and the city, which has events of its own and two packages, and when each came."""
    clock = Ticking()
    definition = stcloud.Definition.from_toml(AREAS, name="areas.toml")
    stcloud.create(tmp_path / "owner", crs="EPSG:4548", zone="Asia/Shanghai")
    owner, city = stcloud.open(tmp_path / "owner", clock=clock), receiving_city(tmp_path, clock)
    events = HEAD + "".join(row(number) for number in range(1, 25))
    came, package = [], None
    for names in (("a", "b"), ("c", "a", "e")):
        load(owner, clock, "areas", areas(*names), tmp_path, definition, valid_from="2024-01-01")
        before, package = package, tmp_path / f"{names[0]}.stpack"
        owner.pack("areas", to=package, since=before)
        known_us = clock.now_us
        if not came:
            load(city, clock, "events", events, tmp_path, define())
            load(owner, clock, "events", events, tmp_path, define())
        clock.tick()
        city.receive(package)
        came.append((clock.now_us, known_us))
        clock.tick()
    return owner, city, came


QUESTIONS = {
    "groups": lambda query, _: query.count(by=["in:areas"]),
    "place": lambda query, _: query.where("areas:a").count(),
    "near": lambda query, _: query.where("near:areas:a:100m").rows(),
    "join": lambda query, known: query.join("areas", "within", known_at=known),
    "rate by area": lambda query, _: query.measure("per_km2", by=["in:areas"]),
    "rate by people": lambda query, _: query.measure("per_1000(areas.people)", by=["in:areas"]),
    "cube": lambda query, _: query.cube(cell="in:areas", every="1W").to_arrow(),
}


def table(answer):
    return answer if isinstance(answer, pa.Table) else answer.table


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_takes_each_layer_at_its_own_instant(cities, name):
    owner, city, came = cities
    for received_us, known_us in came:
        for ours_us in (received_us, received_us + 1_000_000):
            pin = dict(city.query("events").known_at(ours_us).count(by=["in:areas"]).pin.layers)
            assert pin["areas"] == known_us
            events = dict(owner.query("events").count().pin.layers)["events"]
            theirs = Pin.of({"events": events, "areas": known_us}, {})
            ours = QUESTIONS[name](city.query("events").known_at(ours_us), ours_us)
            other = QUESTIONS[name](owner.query("events").known_at(theirs), theirs)
            assert table(ours).equals(table(other))


def test_an_instant_of_the_owner_is_one_in_every_form(cities):
    owner, city, came = cities
    at = owner.configuration.zone.iso(came[0][1])
    layer, theirs = city.layer("areas"), owner.layer("areas")
    for text in ("2024-06-01", "2023-06-01"):
        ours = layer.as_of(text, known_at=f"origin:{at}").table
        assert ours.equals(theirs.as_of(text, known_at=at).table)
    assert layer.diff("2023-01-01", "2024-06-01", known_at=f"origin:{at}").table.equals(
        theirs.diff("2023-01-01", "2024-06-01", known_at=at).table
    )
    assert layer.history("a", known_at=f"origin:{at}").table.equals(theirs.history("a", known_at=at).table)
    question = city.query("areas").as_of("2024-06-01").known_at(at, of="origin")
    same = city.query("areas").as_of("2024-06-01").known_at(f"origin:{at}")
    assert question.count().table.equals(same.count().table)
    assert question.count().table.to_pylist() == [{"count": 2}]
    assert "of origin" in repr(question)
    assert city.quality("areas", came[0][0]) == owner.quality("areas", came[0][1])


def test_a_copy_goes_on_receiving(cities, tmp_path):
    owner, city, _ = cities
    city.copy_to(tmp_path / "copy")
    with stcloud.open(tmp_path / "copy", clock=city.parts.clock) as copy:
        assert [done.outcome for done in copy.receive(tmp_path / "c.stpack")] == ["known"]
        assert copy.layer("areas").loads == owner.layer("areas").loads
        with pytest.raises(StcloudError) as caught:
            copy.load("areas", tmp_path / "copy" / "city.toml")
        assert caught.value.kind == "received-layer"
