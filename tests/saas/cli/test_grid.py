"""The unit grid on the command line: code, divide, check, locate, index, and questions by unit."""

import csv
import io
import json
import shutil
import struct

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from shapely import box

import stcloud
from stcloud.testing.town import quads, town

CRS, ZONE = "EPSG:4548", "Asia/Shanghai"
CHANGED = "2024-07-01"  # the two westernmost cells of the north row become one
MERGED, WEST, EAST = "990101001001021", "990101001001001", "990101001001002"


def write(path, shapes, **columns):
    frame = geopandas.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)
    if path.suffix == ".geojson":
        path.write_text(frame.to_crs("OGC:CRS84").to_json(drop_id=True), encoding="utf-8")
    else:
        frame.to_file(path, engine="pyogrio")
    return path


def records(ended):
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def rows(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def measures(ended):
    assert ended.code == 0, ended.err
    return {one["measure"]: one["value"] for one in csv.DictReader(io.StringIO(ended.out))}


# code


def test_a_code_is_taken_apart(run):
    assert records(run("grid", "code", "320582110152102", "-f", "json")) == [
        {
            "code": "320582110152102",
            "scheme": "unit-grid-15",
            "division": "320582",
            "street": "110",
            "community": "152",
            "sequence": "102",
        }
    ]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("32O582110152102", "character 3 is 'O'"),
        ("32058211015210", "character 15 is missing"),
        ("3205821101521020", "character 16 is '0'"),
        ("320582110152000", "character 13 begins '000'"),
    ],
)
def test_a_wrong_code_is_told_with_its_first_wrong_character(run, code, said):
    ended = run("grid", "code", code)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.line


def test_a_legacy_code_is_converted_and_goes_back(run):
    new = records(
        run(
            "grid", "code", "22020600100706", "--scheme", "unit-grid-14", "--to", "unit-grid-15", "-f", "json"
        )
    )
    assert new[0]["code"] == "220206001007006"
    old = records(run("grid", "code", "220206001007006", "--to", "unit-grid-14", "-f", "json"))
    assert old[0]["code"] == "22020600100706"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("220206001007106", "--to", "unit-grid-14"), 2),
        (("3205080101000001", "--scheme", "component-16", "--to", "component-17"), 5),
        (("320582110152102", "--scheme", "unit-grid-16"), 2),
        (("320582110152102", "--to", "unit-grid-16"), 2),
    ],
)
def test_what_has_no_conversion_or_scheme_is_refused(run, asked, code):
    ended = run("grid", "code", *asked)
    assert (ended.code, ended.out) == (code, "")
    assert ended.line


# divide


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """Files of an invented town, and a city that has them as layers."""
    place, invented = tmp_path_factory.mktemp("ground"), town(1000, 3)
    codes = invented.community_codes.tolist()
    files = {
        "communities": write(place / "communities.geojson", invented.communities, code=codes),
        "streets": write(
            place / "streets.geojson", invented.streets, code=[str(n) for n in range(len(invented.streets))]
        ),
    }
    city = stcloud.create(place / "city", crs=CRS, zone=ZONE)
    for name, path in files.items():
        city.load(name, path, key=["code"], valid_from="2020")
    count = len(invented.buildings)
    write(place / "buildings.gpkg", invented.buildings, use=["house"] * count)
    write(place / "components.gpkg", invented.components, kind=["lamp"] * len(invented.components))
    write(place / "water.gpkg", invented.water, kind=["river", *["pond"] * (len(invented.water) - 1)])
    return place


def division(place, *more, communities="communities.geojson", output="cells.gpkg", crs=CRS):
    given = ("--communities", place / communities, "--streets", place / "streets.geojson")
    return ("grid", "divide", *given, *(("--crs", crs) if crs else ()), "-o", place / output, *more)


@pytest.fixture
def place(ground, tmp_path):
    shutil.copytree(ground, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_files_are_divided_into_cells_that_tile_their_communities(run, place):
    told = measures(run(*division(place, "-f", "csv")))
    cells = geopandas.read_file(place / "cells.gpkg")
    assert (told["preset"], int(told["count"])) == ("balanced", len(cells))
    assert cells.crs == CRS
    assert cells["gridCode"].is_unique
    assert (cells["gridCode"].str[:12] == cells["communityCode"]).all()
    assert cells.area.sum() == pytest.approx(1e6, rel=1e-6)
    assert cells["area"].to_numpy() == pytest.approx(cells.area.to_numpy(), abs=1e-3)
    assert cells["terminationDate"].isna().all()


def test_buildings_components_and_water_are_heeded_and_reported(run, place):
    more = [
        text
        for name in ("buildings", "components", "water")
        for text in (f"--{name}", place / f"{name}.gpkg")
    ]
    told = records(run(*division(place, *more, "-f", "json")))
    assert told["buildings_cut"] < 0.05
    assert told["load_variation"] > 0
    assert told["weights"]["street"] > 0
    bare = records(run(*division(place, "-f", "json")))
    assert bare["buildings_cut"] is None, "JSON has no NaN"
    assert bare["count"] != told["count"]


def test_layers_of_a_city_are_divided_as_their_files_are(run, place):
    run(*division(place))
    layers = ("--city", place / "city", "--communities", "communities", "--streets", "streets")
    ended = run("grid", "divide", *layers, "-o", place / "layers.gpkg")
    assert ended.code == 0, ended.err
    one, other = (geopandas.read_file(place / f"{name}.gpkg") for name in ("cells", "layers"))
    assert one["gridCode"].tolist() == other["gridCode"].tolist()
    assert one.geometry.geom_equals_exact(other.geometry, 1e-3).all()


def test_a_preset_and_a_target_are_told(run, place):
    told = records(run(*division(place, "--preset", "compact", "--target-area", "20000", "-f", "json")))
    assert (told["preset"], told["target_area_m2"]) == ("compact", 20000)
    assert 15_000 < told["mean_m2"] < 25_000


def test_misfits_are_told_with_their_reason(run, place):
    told = records(run(*division(place, "--target-area", "600000", "-f", "json")))
    assert {one["reason"] for one in told["misfits"]} == {"small-community"}
    said = run(*division(place, "--target-area", "600000")).err
    assert f"{told['misfits'][0]['code']}: " in said


def test_a_division_without_a_metric_crs_is_refused(run, place):
    ended = run(*division(place, crs=None))
    assert (ended.code, ended.out) == (2, "")
    assert "--crs" in ended.line
    assert run(*division(place, crs="EPSG:4490")).code == 2
    assert not (place / "cells.gpkg").exists()


def test_a_file_without_crs_needs_one_to_be_said(run, place):
    geopandas.read_file(place / "streets.geojson").to_crs(CRS).to_file(place / "streets.shp")
    (place / "streets.prj").unlink()
    given = ("grid", "divide", "--communities", place / "communities.geojson", "--crs", CRS)
    given = (*given, "--streets", place / "streets.shp", "-o", place / "cells.gpkg")
    assert "--source-crs" in run(*given).line
    assert run(*given, "--source-crs", CRS).code == 0
    said = measures(run(*division(place, "-f", "csv")))
    assert len(geopandas.read_file(place / "cells.gpkg")) == int(said["count"])


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (["990101001001", "990101001001"], "two communities have one code"),
        (["990101001001", "99010100100"], "has not 12 characters"),
        (["990101001001", None], "1 polygons"),
        (["990101001001", "990101001002"], "overlap"),
    ],
)
def test_bad_communities_are_refused(run, place, codes, said):
    apart = 400 if said != "overlap" else 300
    west = (box(500000, 3380000, 500400, 3380400), box(500000 + apart, 3380000, 500400 + apart, 3380400))
    write(place / "bad.gpkg", west, code=codes)
    ended = run(*division(place, communities="bad.gpkg"))
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.line
    assert not (place / "cells.gpkg").exists()


def test_an_unknown_column_of_codes_is_told_with_the_nearest(run, place):
    ended = run(*division(place, "--community-code", "cod"))
    assert ended.code == 3
    assert "'code'" in ended.line


def test_lines_among_the_communities_are_left_out_and_told(run, place):
    both = [*geopandas.read_file(place / "communities.geojson").to_crs(CRS).geometry]
    both.append(shapely.LineString([(500000, 3380000), (500100, 3380000)]))
    write(place / "both.gpkg", both, code=[f"99010100100{n}" for n in range(len(both))])
    ended = run(*division(place, communities="both.gpkg"))
    assert ended.code == 0, ended.err
    assert "both.gpkg: left out: " in ended.err


def test_a_name_that_is_no_file_and_no_layer_is_told_with_the_nearest(run, place):
    ended = run(*division(place, "--city", place / "city", "--buildings", "street"))
    assert ended.code == 3
    assert "'streets'" in ended.line


def test_a_layer_of_another_kind_is_left_out_and_told(run, place):
    ended = run(*division(place, "--city", place / "city", "--buildings", "streets", "-f", "json"))
    assert records(ended)["buildings_cut"] is None
    assert "streets: left out: other-kind 9" in ended.err


@pytest.mark.parametrize(
    ("more", "output", "code", "said"),
    [
        ((), "cells.shp", 5, ".gpkg"),
        ((), "none/cells.gpkg", 6, "none/cells.gpkg"),
        (("--initial-date", "some day"), "cells.gpkg", 2, "some day"),
        (("--previous", "none.gpkg"), "cells.gpkg", 3, "none.gpkg"),
        (("--target-area", "0"), "cells.gpkg", 2, "--target-area"),
    ],
)
def test_what_cannot_be_divided_or_written_is_told(run, place, more, output, code, said):
    ended = run(*division(place, *more, output=output))
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.line
    assert not (place / output).exists()


def opened(place, *, changed="streets.geojson"):
    """Write the town's streets with one more, across the whole of it."""
    frame = geopandas.read_file(place / "streets.geojson")
    west, south, _, north = geopandas.read_file(place / "communities.geojson").to_crs(CRS).total_bounds
    line = shapely.LineString([(west + 230, south - 5), (west + 260, north + 5)])
    new = geopandas.GeoSeries([line], crs=CRS).to_crs("OGC:CRS84")[0]
    frame.loc[len(frame)] = {"code": "new", "geometry": new}
    (place / changed).write_text(frame.to_json(drop_id=True), encoding="utf-8")


def check_succession(before, after):
    """Kept cells are as they were; the others are new, numbered above all before them."""
    stay = set(before["gridCode"]) & set(after["gridCode"])
    assert 0 < len(stay) < len(before)
    was, now = (one.to_crs(CRS).set_index("gridCode") for one in (before, after))
    apart = was.loc[sorted(stay)].geometry.symmetric_difference(now.loc[sorted(stay)].geometry)
    assert apart.area.max() < 1, "a neighbour's new vertex may lie on the edge"
    assert set(now.loc[sorted(stay), "initialDate"].astype(str).str[:10]) == {"2020-01-01"}
    fresh = now.loc[sorted(set(now.index) - stay)]
    assert set(fresh["initialDate"].astype(str).str[:10]) == {"2024-01-01"}
    named = {code for text in fresh["predecessors"] for code in text.split(";")}
    assert named <= set(was.index)
    assert named >= set(was.index) - stay, "every cell that ended has a successor"
    for one in fresh.itertuples():
        assert one.Index > max(code for code in was.index if code[:12] == one.Index[:12])


def test_a_division_after_another_keeps_codes_and_what_is_known_of_the_cells(run, place):
    run(*division(place, "--initial-date", "2020-01-01", output="old.gpkg"))
    opened(place)
    again = run(
        *division(place, "--initial-date", "2024-01-01", "--previous", place / "old.gpkg", "-f", "csv")
    )
    before, after = (geopandas.read_file(place / f"{name}.gpkg") for name in ("old", "cells"))
    check_succession(before, after)
    assert int(measures(again)["retired"]) == len(set(before["gridCode"]) - set(after["gridCode"])) > 0


def test_the_same_again_changes_no_cell(run, place):
    run(*division(place, "--initial-date", "2020-01-01", output="old.gpkg"))
    again = run(*division(place, "--previous", place / "old.gpkg", "--initial-date", "2024-01-01"))
    assert "retired codes: 0" in again.err
    before, after = (geopandas.read_file(place / f"{name}.gpkg") for name in ("old", "cells"))
    assert before.equals(after)


def test_codes_of_cells_that_ended_are_never_given_again(run, place):
    run(*division(place, output="old.gpkg"))
    past = geopandas.read_file(place / "old.gpkg")
    gone = past.iloc[:3].assign(
        gridCode=[f"{past['communityCode'][0]}99{n}" for n in (7, 8, 9)], terminationDate="2019-01-01"
    )
    geopandas.pd.concat([past, gone]).to_file(place / "past.gpkg")
    opened(place)
    assert run(*division(place, "--previous", place / "past.gpkg")).code == 0
    fresh = set(geopandas.read_file(place / "cells.gpkg")["gridCode"]) - set(past["gridCode"])
    assert fresh
    assert not fresh & set(gone["gridCode"])


def test_a_grid_of_the_city_is_an_earlier_division_with_all_that_ended(run, place):
    city = place / "city"
    run(*division(place, "--initial-date", "2020-01-01", output="cells.geojson"))
    first = ("--definition", "unit-grid", "--valid-from", "2020-01-01")
    assert run("load", city, "grid", place / "cells.geojson", *first).code == 0
    before = geopandas.read_file(place / "cells.geojson")
    renamed = place / "renamed.geojson"  # the same cells, known better from 2022 on: two versions of each
    before.assign(gridName="a name").to_file(renamed, driver="GeoJSON")
    opened(place)
    named = ("--previous", "grid", "--city", city)
    day = (
        "--initial-date",
        "2024-01-01",
        "--communities",
        "communities",
        "--streets",
        place / "streets.geojson",
    )
    assert run("grid", "divide", *day, *named, "-o", place / "one.geojson").code == 0
    after = geopandas.read_file(place / "one.geojson")
    check_succession(before, after)
    assert run("load", city, "grid", renamed, "--valid-from", "2022-01-01").code == 0
    assert run("grid", "divide", *day, *named, "-o", place / "two.geojson").code == 0
    assert geopandas.read_file(place / "two.geojson").equals(after)
    assert run("load", city, "grid", place / "one.geojson", "--valid-from", "2024-01-01").code == 0
    clean = run("grid", "check", city, "grid", "--communities", "communities")
    assert clean.code == 0, clean.out
    third = run("grid", "divide", *day, *named, "-o", place / "three.geojson")
    assert "retired codes: 0" in third.err
    assert geopandas.read_file(place / "three.geojson")["gridCode"].tolist() == after["gridCode"].tolist()


# check, locate, index, query: a grid of five by four cells


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A city with a grid that changed once, and events in the cells that changed and elsewhere."""
    place = tmp_path_factory.mktemp("model")
    shapes, codes = quads(5, 4, 5)
    city = stcloud.create(place / "city", crs=CRS, zone=ZONE)
    city.load(
        "grid",
        write(place / "one.geojson", shapes, gridCode=codes),
        definition="unit-grid",
        valid_from="2020",
    )
    changed = [(shape, code) for shape, code in zip(shapes, codes, strict=True) if code not in (WEST, EAST)]
    both = shapely.union_all(shapes[np.isin(codes, [WEST, EAST])])
    shapes_after, codes_after = zip(*changed, (both, MERGED), strict=True)
    write(place / "two.geojson", shapes_after, gridCode=list(codes_after))
    city.load("grid", place / "two.geojson", valid_from=CHANGED)
    west, east = (shapes[codes == code][0].representative_point() for code in (WEST, EAST))
    other = shapes[0].representative_point()
    (place / "events.csv").write_text(
        "id,at,x,y\n"
        f"1,2024-06-30 23:59,{west.x},{west.y}\n"
        f"2,2024-06-01,{east.x},{east.y}\n"
        f"3,2024-07-01,{east.x},{east.y}\n"
        f"4,2024-08-01,{other.x},{other.y}\n"
        "5,2024-08-01,400000,3380000\n"
        "6,2024-08-01,,\n"
    )
    (place / "definition.toml").write_text(
        'id = "events"\nkind = "event"\nkey = ["id"]\n[time]\ncolumn = "at"\n'
        f'formats = ["iso"]\n[space]\nx = "x"\ny = "y"\ncrs = "{CRS}"\n'
    )
    return place


@pytest.fixture
def town_of_quads(model, tmp_path):
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="module")
def indexed(model, tmp_path_factory):
    """The same with its events; nothing may write into it."""
    place = tmp_path_factory.mktemp("indexed")
    shutil.copytree(model, place, dirs_exist_ok=True)
    city = stcloud.open(place / "city")
    city.load("events", place / "events.csv", definition=place / "definition.toml")
    return place / "city"


def test_a_clean_grid_has_no_faults(run, model):
    ended = run("grid", "check", model / "city", "grid")
    assert (ended.code, ended.out.strip()) == (0, ""), ended.out
    assert "21 cells: no faults" in ended.err
    told = records(run("grid", "check", model / "city", "grid", "-f", "json"))
    assert (told["clean"], told["sound"], told["faults"]) == (True, True, [])


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """A city whose grid has a gap, an overlap and a code that is none; the communities leave out a cell."""
    place = tmp_path_factory.mktemp("faulty")
    shapes, codes = quads(5, 4, 5)
    where = [shape for shape, code in zip(shapes, codes, strict=True) if not code.endswith("008")]
    given = [code for code in codes.tolist() if not code.endswith("008")]
    where[0] = where[0].union(
        box(*where[0].centroid.coords[0], *(np.array(where[0].centroid.coords[0]) + 60))
    )
    given[-1] = "99010100100100X"
    city = stcloud.create(place / "city", crs=CRS, zone=ZONE)
    write(place / "cells.geojson", where, gridCode=given)
    city.load("grid", place / "cells.geojson", definition="unit-grid", valid_from="2020")
    write(place / "whole.geojson", [box(500000, 3380000, 500500, 3380400)], code=["990101001001"])
    write(place / "half.gpkg", [box(500000, 3380000, 500500, 3380250)], number=["990101001001"])
    city.load("communities", place / "whole.geojson", key=["code"], valid_from="2020")
    return place


def test_faults_are_a_table_and_an_exit_code(run, faulty):
    ended = run("grid", "check", faulty / "city", "grid", "-f", "csv")
    assert ended.code == 2
    found = {one["kind"] for one in csv.DictReader(io.StringIO(ended.out))}
    assert {"overlap", "gap", "malformed-code"} <= found
    assert "19 cells: " in ended.err
    assert run("grid", "check", faulty / "city", "grid").code == 2


def test_a_report_as_json_is_whole(run, faulty, tmp_path):
    ended = run("grid", "check", faulty / "city", "grid", "-f", "json")
    told = json.loads(ended.out)
    assert ended.code == 2
    assert (told["cells"], told["sound"]) == (19, False)
    assert len(told["faults"]) == sum(told["counts"].values())
    assert all({"kind", "rows", "remedy", "message"} <= set(one) for one in told["faults"])
    assert run("grid", "check", faulty / "city", "grid", "-o", tmp_path / "faults.json").code == 2
    assert json.loads((tmp_path / "faults.json").read_text()) == told


def test_a_report_that_cannot_be_written_is_told_in_a_line(run, faulty, tmp_path):
    ended = run("grid", "check", faulty / "city", "grid", "-o", tmp_path / "none" / "faults.json")
    assert ended.code == 6
    assert "none/faults.json" in ended.line


@pytest.mark.parametrize("name", ["faults.geojson", "faults.gpkg", "faults.fgb", "faults.parquet"])
def test_the_places_of_faults_are_written_as_polygons(run, faulty, tmp_path, name):
    ended = run("grid", "check", faulty / "city", "grid", "-o", tmp_path / name)
    assert ended.code == 2, ended.err
    read = geopandas.read_parquet if name.endswith("parquet") else geopandas.read_file
    found = read(tmp_path / name).to_crs(CRS).set_index("kind")
    assert {"overlap", "gap", "malformed-code"} <= set(found.index)
    assert found.loc[["gap"]].area.iloc[0] == pytest.approx(found.loc[["gap"], "area_m2"].iloc[0], rel=1e-3)
    assert "\n" not in str(found.loc[["overlap"], "codes"].iloc[0])


@pytest.mark.parametrize("name", ["faults.geojson", "faults.gpkg", "faults.csv", "faults.json"])
def test_no_faults_are_written_too(run, model, tmp_path, name):
    ended = run("grid", "check", model / "city", "grid", "-o", tmp_path / name)
    assert ended.code == 0, ended.err
    assert (tmp_path / name).exists()


def test_a_map_of_the_faults_is_a_picture(run, faulty, model, tmp_path):
    for city, code in ((faulty / "city", 2), (model / "city", 0)):
        ended = run("grid", "check", city, "grid", "--map", tmp_path / "map.png")
        assert ended.code == code, ended.err
        assert "map: " in ended.err
        head = (tmp_path / "map.png").read_bytes()[:24]
        assert struct.unpack(">II", head[16:24]) == (1400, 1000)


def test_communities_of_a_file_or_a_layer_must_be_tiled(run, faulty):
    def kinds(*communities):
        told = json.loads(run("grid", "check", faulty / "city", "grid", *communities, "-f", "json").out)
        return told["counts"]

    whole = kinds("--communities", "communities")
    assert "outside-community" not in whole
    assert whole == kinds("--communities", faulty / "whole.geojson")
    half = kinds("--communities", faulty / "half.gpkg", "--community-code", "number")
    assert half["outside-community"] > 0


def test_a_tolerance_beyond_the_noise_tolerates(run, faulty):
    told = json.loads(run("grid", "check", faulty / "city", "grid", "--tolerance", "100", "-f", "json").out)
    assert "overlap" not in told["counts"]
    assert told["rules"]["tolerance_m"] == 100


def test_what_is_no_grid_is_not_checked(run, faulty):
    ended = run("grid", "check", faulty / "city", "communities")
    assert ended.code == 2
    assert "no unit grid" in ended.line
    assert run("grid", "check", faulty / "city", "gird").code == 3


# locate


@pytest.fixture
def points(model, tmp_path):
    """Points in the cells that changed, outside, and nowhere."""
    events = rows(model / "events.csv")
    path = tmp_path / "points.csv"
    lines = [f"{one['id']},{one['at']},{one['x']},{one['y']}" for one in events]
    path.write_text("\n".join(["id,at,x,y", *lines, "7,never,abc,12", "8,2024-08-01 00:00,inf,3380000", ""]))
    return path


def located(run, model, points, *more):
    ended = run("grid", "locate", model / "city", "grid", points, *more, "-f", "json")
    return [one["unit"] for one in records(ended)], ended.err


def test_points_get_the_cell_as_it_stands(run, model, points):
    south_west = quads(5, 4, 5)[1][0]
    units, said = located(run, model, points)
    assert units == [MERGED, MERGED, MERGED, south_west, None, None, None, None]
    assert said.strip() == "located 4, outside 4"


def test_points_get_the_cell_of_an_instant(run, model, points):
    assert located(run, model, points, "--at", "2024-06-30")[0][:3] == [WEST, EAST, EAST]
    assert located(run, model, points, "--at", CHANGED)[0][:3] == [MERGED] * 3
    assert located(run, model, points, "--at", "2019-12-31")[0] == [None] * 8


def test_points_get_the_cell_of_their_own_time(run, model, points):
    units, _ = located(run, model, points, "--at", "at")
    assert units[:3] == [WEST, EAST, MERGED]
    text = points.read_text().replace("2024-06-01,", "some day,")
    points.write_text(text)
    units, said = located(run, model, points, "--at", "at")
    assert units[:3] == [WEST, None, MERGED], "what has no readable time is in no cell"
    assert "outside 5" in said


def test_points_in_degrees_are_projected(run, model, points, tmp_path):
    shapes, codes = quads(5, 4, 5)
    inside = geopandas.GeoSeries([one.representative_point() for one in shapes], crs=CRS).to_crs("EPSG:4490")
    table = pa.table({"lon": inside.x.to_numpy(), "lat": inside.y.to_numpy(), "unit_was": codes.tolist()})
    pq.write_table(table, tmp_path / "degrees.parquet")
    asked = ("--x", "lon", "--y", "lat", "--crs", "EPSG:4490", "--at", "2021")
    assert located(run, model, tmp_path / "degrees.parquet", *asked)[0] == codes.tolist()


def test_located_rows_keep_their_columns_and_are_csv_by_default(run, model, points, tmp_path):
    ended = run("grid", "locate", model / "city", "grid", points)
    found = list(csv.DictReader(io.StringIO(ended.out)))
    assert list(found[0]) == ["id", "at", "x", "y", "unit"]
    assert found[6]["x"] == "abc"
    run("grid", "locate", model / "city", "grid", points, "-o", tmp_path / "units.ndjson")
    assert [json.loads(line)["id"] for line in (tmp_path / "units.ndjson").read_text().splitlines()] == list(
        "12345678"
    )


def test_a_column_of_units_that_is_there_is_not_written_twice(run, model, points, tmp_path):
    run("grid", "locate", model / "city", "grid", points, "-o", tmp_path / "units.csv")
    ended = run("grid", "locate", model / "city", "grid", tmp_path / "units.csv")
    assert ended.code == 2
    assert "'unit'" in ended.line


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("--x", "idd"), 3, "'id'"),
        (("--at", "some day"), 2, "some day"),
        (("--crs", "EPSG:0"), 2, "EPSG:0"),
        (("-f", "geojson"), 2, "geojson"),
    ],
)
def test_what_cannot_be_located_is_told(run, model, points, asked, code, said):
    ended = run("grid", "locate", model / "city", "grid", points, *asked)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.line


# index


def test_events_are_indexed_at_their_load_and_again_does_nothing(run, town_of_quads):
    city = town_of_quads / "city"
    loaded = run(
        "load",
        city,
        "events",
        town_of_quads / "events.csv",
        "--definition",
        town_of_quads / "definition.toml",
    )
    assert loaded.code == 0, loaded.err
    found = records(run("query", city, "events", "-f", "json"))
    assert {one["id"]: one["st_unit"] for one in found}["1"] == WEST
    assert records(run("grid", "index", city, "events", "-f", "json")) == [
        {"files": 0, "written": 0, "changed": 0}
    ]


def test_a_change_of_the_grid_moves_the_events_it_touches(run, town_of_quads):
    city = town_of_quads / "city"
    run(
        "load",
        city,
        "events",
        town_of_quads / "events.csv",
        "--definition",
        town_of_quads / "definition.toml",
    )
    load = records(run("layers", city, "grid", "-f", "json"))
    assert load
    second = stcloud.open(city).layer("grid").loads[-1].load
    assert run("load", city, "grid", "--undo", second).code == 0
    units = {one["id"]: one["st_unit"] for one in records(run("query", city, "events", "-f", "json"))}
    assert (units["2"], units["3"]) == (EAST, EAST)


def test_which_grid_is_asked_when_there_are_several_or_none(run, town_of_quads, tmp_path):
    city, bare = town_of_quads / "city", tmp_path / "bare"
    stcloud.create(bare, crs=CRS, zone=ZONE)
    for one in (bare, city):
        if one == city:
            other = ("--definition", "unit-grid", "--valid-from", "2020")
            assert run("load", city, "other-grid", town_of_quads / "one.geojson", *other).code == 0
        given = ("--definition", town_of_quads / "definition.toml")
        assert run("load", one, "events", town_of_quads / "events.csv", *given).code == 0
        told = run("grid", "index", one, "events")
        assert told.code == 2
        assert "--grid" in told.line
        asked = run("query", one, "events", "--by", "unit")
        assert asked.code == 2
        assert "grid index" in asked.err.splitlines()[-1]
    done = records(run("grid", "index", city, "events", "--grid", "other-grid", "-f", "json"))
    assert done[0]["changed"] == 4
    units = {one["id"]: one["st_unit"] for one in records(run("query", city, "events", "-f", "json"))}
    assert units["3"] == EAST, "the other grid did not change"
    assert run("grid", "index", city, "events", "--grid", "othergrid").code == 3
    assert run("grid", "index", city, "grid").code == 2


# query


def asked(run, city, *more):
    ended = run("query", city, "events", *more, "-f", "json")
    return records(ended), ended.err


def test_events_are_counted_by_the_cell_of_their_own_time(run, indexed):
    south_west = quads(5, 4, 5)[1][0]
    found, said = asked(run, indexed, "--by", "unit")
    assert [tuple(one.values()) for one in found] == [
        (WEST, 1), (EAST, 1), (south_west, 1), (MERGED, 1), (None, 2),
    ]  # fmt: skip
    assert "of grid 'grid' at each event's own time" in said


@pytest.mark.parametrize(
    ("part", "prefix"), [("community", "990101001001"), ("street", "990101001"), ("district", "990101")]
)
def test_events_are_counted_by_what_their_cell_lies_in(run, indexed, part, prefix):
    assert asked(run, indexed, "--by", part)[0] == [{part: prefix, "count": 4}, {part: None, "count": 2}]
    assert asked(run, indexed, "--by", f"unit:{part}")[0][0]["count"] == 4


def test_events_are_kept_by_the_beginning_of_their_cells_code(run, indexed):
    def ids(*where):
        return [one["id"] for one in asked(run, indexed, *where)[0]]

    assert sorted(ids("--where", "unit:990101001")) == list("1234")
    assert ids("--where", f"unit:{WEST}") == ["1"]
    assert ids("--where", f"unit:{WEST}", "--where", f"unit:{MERGED}") == ["1", "3"]
    assert ids("--where", "unit:990101002") == []


def test_a_fixed_version_of_the_grid_holds_for_all_events(run, indexed):
    before, said = asked(run, indexed, "--by", "unit", "--grid-at", "2024-01-01")
    counts = {one["unit"]: one["count"] for one in before}
    assert (counts[WEST], counts[EAST], counts.get(MERGED)) == (1, 2, None)
    assert "on grid 'grid' as of 2024-01-01" in said
    after, _ = asked(run, indexed, "--by", "unit", "--grid-at", CHANGED)
    counts = {one["unit"]: one["count"] for one in after}
    assert (counts.get(WEST), counts.get(EAST), counts[MERGED]) == (None, None, 3)
    kept, _ = asked(run, indexed, "--where", f"unit:{MERGED}", "--grid-at", CHANGED)
    assert sorted(one["id"] for one in kept) == list("123")


def test_units_are_asked_together_with_other_places(run, indexed):
    """Law: places of several kinds in one question are united; what is nowhere is in no place and outside of none."""

    def ids(*where):
        return {one["id"] for one in asked(run, indexed, *where)[0]}

    placed = ids("--where", "bbox:110,20,125,50")
    west, merged = ids("--where", f"unit:{WEST}"), ids("--where", f"unit:{MERGED}")
    assert ids("--where", f"not unit:{WEST}") == placed - west
    assert ids("--where", f"unit:{WEST} and not unit:{MERGED}") == west - merged
    assert ids("--where", f"unit:{WEST}", "--where", "bbox:110,20,125,50") == placed
    at = ("--grid-at", CHANGED)
    restated = ids("--where", f"unit:{MERGED}", *at)
    assert ids("--where", f"not unit:{MERGED}", *at) == placed - restated
    assert (
        ids("--where", f"not unit:{MERGED} and bbox:110,20,125,50", *at)
        == placed - restated
        != placed - merged
    )


def test_a_question_by_unit_says_what_it_would_read(run, indexed):
    ended = run("query", indexed, "events", "--where", f"unit:{WEST}", "--by", "unit", "--explain")
    assert ended.code == 0, ended.err
    assert f"unit:{WEST}" in ended.out


@pytest.mark.parametrize(
    ("asking", "said"),
    [
        (("--where", "unit:99O1"), "character 3 is 'O'"),
        (("--where", "unit:"), "0 characters"),
        (("--by", "comunity"), "'community'"),
        (("--grid-at", "some day"), "some day"),
    ],
)
def test_what_cannot_be_asked_by_unit_is_told(run, indexed, asking, said):
    ended = run("query", indexed, "events", *asking)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err.splitlines()[-1]


def test_cells_as_a_geopackage_load_with_the_crs_that_they_declare(run, tmp_path):
    """A bundled definition's CRS is an example: what the file declares counts."""
    shapes, codes = quads(2, 2)
    file, city = tmp_path / "cells.gpkg", tmp_path / "city"
    geopandas.GeoDataFrame({"gridCode": codes}, geometry=shapes, crs=CRS).to_file(file)
    run("create", city, "--crs", CRS, "--zone", "Asia/Shanghai")
    load = ("load", city, "cells", file, "--definition", "unit-grid", "--valid-from")
    assert records(run(*load, "2023-01-01", "-f", "json"))[0]["accepted"] == 4
    assert records(run(*load, "2024-01-01", "--crs", CRS, "-f", "json"))[0]["unchanged"] == 4
    assert records(run(*load, "2025-01-01", "-f", "json"))[0]["unchanged"] == 4
    assert run(*load, "2026-01-01", "--crs", "EPSG:4547").code == 2
