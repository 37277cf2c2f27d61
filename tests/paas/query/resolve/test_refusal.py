"""Pinned questions that name other layers: refused where these were purged, too."""

import pytest

import stcloud
from stcloud.errors import NotFound
from stcloud.testing import features
from stcloud.testing.events import HEAD

AREA = '"POLYGON ((499990 4429990, 500100 4429990, 500100 4430100, 499990 4430100, 499990 4429990))"'


@pytest.fixture
def city(tmp_path):
    """Two events within an area that has an owner, known since 2013; another area ended in 2015."""
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    city = stcloud.open(tmp_path / "city")
    file = tmp_path / "a.csv"
    for since, text in (("2013", f"a,me,{AREA}\nold,you,{AREA}\n"), ("2015", f"a,me,{AREA}\n")):
        file.write_text("k,owner,wkt\n" + text)
        first = not city.layers()
        city.load("areas", file, definition=features.define("EPSG:4548") if first else None, valid_from=since)
    file.write_text(HEAD + "1,2024-03-01 00:00:00,500000,4430000,x\n2,2024-04-01 00:00:00,500001,4430001,y\n")
    city.load(
        "events",
        file,
        key="id",
        time="at",
        x="lon",
        y="lat",
        crs="EPSG:4548",
        time_formats=["%Y-%m-%d %H:%M:%S"],
    )
    return city


ASKED = {
    "count": lambda query: query.count(),
    "group": lambda query: query.count(by=["in:areas"]),
    "column": lambda query: query.count(by=["in:areas.owner"]),
    "place": lambda query: query.where("areas:a").count(),
    "join": lambda query: query.join("areas"),
    "late": lambda query: query.when("2024-04").count(),
}


def refused(city, pins):
    kinds = {}
    for name, ask in ASKED.items():
        try:
            ask(city.query("events").known_at(pins[name]))
        except NotFound as error:
            kinds[name] = error.kind
    assert set(kinds.values()) <= {"purged"}
    return set(kinds)


@pytest.mark.costly
@pytest.mark.parametrize(
    ("layer", "purge", "touched"),
    [
        ("areas", {"before": "2016"}, "group column place join"),
        ("areas", {"what": "owner = 'you'", "columns": "owner"}, "column place join"),
        ("events", {"before": "2024-03-15"}, "count group column place join"),
        ("events", {"what": "note = 'x'"}, " ".join(ASKED)),
        ("events", {"what": "note = 'x'", "columns": "note"}, "join"),
        ("events", {"what": "note = 'nothing'"}, ""),
    ],
    ids=str,
)
def test_a_pin_is_refused_by_what_was_purged_and_by_what_is_read(city, layer, purge, touched):
    pins = {name: ask(city.query("events")).pin for name, ask in ASKED.items()}
    before = {name: ask(city.query("events")).table for name, ask in ASKED.items()}
    city.purge(layer, **purge)
    assert refused(city, pins) == set(touched.split())
    for name in set(ASKED) - set(touched.split()):
        assert ASKED[name](city.query("events").known_at(pins[name])).table == before[name]
    fresh = {name: ask(city.query("events")).pin for name, ask in ASKED.items()}
    assert refused(city, fresh) == set()
