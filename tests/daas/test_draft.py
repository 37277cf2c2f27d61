"""Drafts: what a file says for itself is taken, what it does not say is asked for, nothing is guessed."""

import geopandas
import pytest

from stcloud.daas.definition import Definition
from stcloud.daas.draft import Options, draft
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.events import HEAD, rows

SAID = {"key": ("id",), "time": "at", "lon": "lon", "lat": "lat"}


@pytest.fixture
def file(tmp_path):
    place = tmp_path / "Requests 2024 (new).csv"
    place.write_text(rows())
    return place


def kind_of(file, **said):
    with pytest.raises((InvalidInput, NotFound)) as told:
        draft(file, Options(**said))
    return told.value.kind


def test_a_draft_is_a_definition_that_can_be_kept(file):
    made = draft(file, Options(**SAID))
    assert made.id == "requests-2024-new"
    assert (made.key, made.time.column, made.time.formats) == (("id",), "at", ("iso",))
    assert (made.space.lon, made.space.lat) == ("lon", "lat")
    assert Definition.from_toml(made.to_toml(), name="x") == made
    assert draft(file, Options(**SAID), "mine").id == "mine"


@pytest.mark.parametrize(
    ("name", "made"),
    [("2024.csv", "layer-2024"), ("ÄÖ.csv", "layer"), ("A_b-c.csv", "a_b-c"), ("x" * 90 + ".csv", "x" * 63)],
)
def test_ids_from_file_names(tmp_path, name, made):
    place = tmp_path / name
    place.write_text(rows())
    assert draft(place, Options(**SAID)).id == made


@pytest.mark.parametrize(
    ("times", "formats"),
    [
        (["2024-03-01T10:00:00Z"], ("iso",)),
        (["2024/03/01 10:00"], ("%Y/%m/%d %H:%M",)),
        (["01/31/2024 10:00", "02/01/2024 10:00"], ("%m/%d/%Y %H:%M",)),
        (["31/01/2024 10:00", "01/02/2024 10:00"], ("%d/%m/%Y %H:%M",)),
        (["31.01.2024"], ("%d.%m.%Y",)),
        (["", "2024-03-01"], ("iso",)),
    ],
)
def test_a_format_is_taken_when_only_one_reads_all_times(tmp_path, times, formats):
    place = tmp_path / "a.csv"
    place.write_text(HEAD + "".join(f"1,{one},117,31.9,x\n" for one in times))
    assert draft(place, Options(**SAID)).time.formats == formats


@pytest.mark.parametrize("times", [["01/02/2024 10:00"], ["yesterday"], [""], ["2024-03-01", "01.03.2024"]])
def test_a_format_that_cannot_be_told_is_asked_for(tmp_path, times):
    place = tmp_path / "a.csv"
    place.write_text(HEAD + "".join(f"1,{one},117,31.9,x\n" for one in times))
    assert kind_of(place, **SAID) == "time-format-needed"
    assert draft(place, Options(**SAID, time_formats=("%d/%m/%Y %H:%M",))).time.formats == ("%d/%m/%Y %H:%M",)


def test_what_is_missing_is_asked_for_by_its_option(file):
    assert kind_of(file) == "time-needed"
    assert kind_of(file, time="at") == "place-needed"
    assert kind_of(file, time="at", lon="lon") == "place-needed"
    assert kind_of(file, time="at", x="lon", y="lat") == "place-needed"
    assert kind_of(file, time="When", lon="lon", lat="lat") == "missing-column"
    assert kind_of(file, **SAID | {"key": ("idd",)}) == "missing-column"
    assert kind_of(file, **SAID, zone="Mars/X") == "invalid-definition"
    assert kind_of(file, **SAID, time_formats=("%Q",)) == "invalid-definition"
    assert draft(file, Options(time="at", x="lon", y="lat", crs="EPSG:4548")).space.crs == "EPSG:4548"
    with pytest.raises(InvalidInput):
        draft(file, Options(**SAID), "../x")


def test_a_geometry_says_where_and_its_file_in_which_crs(tmp_path):
    place = tmp_path / "a.geojson"
    frame = geopandas.GeoDataFrame(
        {"id": ["1"], "at": ["2024-03-01"]}, geometry=geopandas.points_from_xy([117], [31])
    )
    frame.set_crs(4326).to_file(place)
    made = draft(place, Options(time="at"))
    assert (made.space.column, made.space.encoding) == ("geometry", "wkb")
    assert "4326" in made.space.crs
    bare = tmp_path / "a.gpkg"
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(bare)
    assert kind_of(bare, time="at") == "place-needed"
    assert draft(bare, Options(time="at", crs="EPSG:4548")).space.crs == "EPSG:4548"


def test_options_must_agree_with_what_was_kept(desk, file):
    desk.load("1,2024-03-01 10:00:00,117,31.9,x\n")
    city = desk.city
    assert not city.draft("events", file, key=["id"], lon="lon").fresh
    assert city.draft("fresh", file, **SAID).fresh
    for other in (
        {"key": ["note"]},
        {"time": "note"},
        {"lat": "note"},
        {"zone": "UTC"},
        {"encoding": "gb18030"},
    ):
        with pytest.raises(InvalidInput) as told:
            city.draft("events", file, **other)
        assert told.value.kind == "other-definition"
    with pytest.raises(InvalidInput):
        city.draft("../x", file, **SAID)
