"""Drafts: what a file says for itself is taken, what it does not say is asked for, nothing is guessed."""

import geopandas
import pytest

from stcloud.daas.definition import Definition
from stcloud.daas.load.draft import Options, draft, typed_draft
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


COLUMNS = {
    "n": (["1", "-20", ""], {"type": "integer"}),
    "big": (["9007199254740993", "1"], {"type": "integer"}),
    "beyond": (["34010200100100100123", "1"], None),
    "code": (["007", "10"], None),
    "x": (["0.5", "10", "-3e5"], {"type": "number"}),
    "precise": (["0.1234567890123456789"], None),
    "plus": (["+1"], None),
    "yes": (["true", "FALSE"], {"type": "boolean"}),
    "bit": (["0", "1"], {"type": "integer"}),
    "day": (["2024-03-01", "2024-02-29"], {"type": "date"}),
    "no day": (["2024-03-01", "2024-02-30"], None),
    "at": (["2024-03-01T10:00", "2024-03-01 10:00:05+08:00"], {"type": "instant"}),
    "us": (["01/31/2024", "02/01/2024"], {"type": "date", "formats": ["%m/%d/%Y"]}),
    "either": (["01/02/2024", "02/01/2024"], None),
    "clock": (["01/31/2024 10:00"], {"type": "instant", "formats": ["%m/%d/%Y %H:%M"]}),
    "empty": (["", ""], None),
    "mixed": (["1", "a"], None),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_types_are_drafted_that_hold_for_every_row(tmp_path, name):
    values, expected = COLUMNS[name]
    place = tmp_path / "a.csv"
    lines = [f"1,2024-03-01,117,31.9,{values[0]}\n"] * 40_000 if name in ("n", "mixed") else []
    lines += [f"{number},2024-03-01,117,31.9,{value}\n" for number, value in enumerate(values)]
    place.write_text(HEAD.replace("note", "v") + "".join(lines))
    made = typed_draft(place, Options(**SAID))
    said = made.model_dump(mode="json", exclude_defaults=True).get("columns", {})
    assert said == ({} if expected is None else {"v": expected})
    assert Definition.from_toml(made.to_toml(), name="x") == made


def test_a_feature_layer_is_drafted_with_the_types_of_its_file(tmp_path):
    frame = geopandas.GeoDataFrame(
        {"code": ["01", "02"], "n": [1, 2], "x": [0.5, 1]},
        geometry=geopandas.points_from_xy([1, 2], [1, 2]),
        crs=4326,
    )
    for suffix in ("gpkg", "geojson"):
        frame.to_file(tmp_path / f"areas.{suffix}")
        made = typed_draft(tmp_path / f"areas.{suffix}", Options(key=("code",)))
        assert (made.kind, made.key) == ("feature", ("code",))
        assert {name: one.type for name, one in made.columns.items()} == {"n": "integer", "x": "number"}
    plain = tmp_path / "plain.csv"
    plain.write_text("code,n,lon,lat\n1,5,117,31.9\n")
    made = typed_draft(plain, Options(key=("code",), lon="lon", lat="lat"))
    assert (made.kind, made.columns["n"].type) == ("feature", "integer")
    with pytest.raises(InvalidInput) as caught:
        typed_draft(plain, Options(lon="lon", lat="lat"))
    assert caught.value.kind == "time-needed"
