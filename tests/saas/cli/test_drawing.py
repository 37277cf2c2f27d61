import pytest

import stcloud

CRS = "EPSG:4548"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawing")
    (folder / "calls.csv").write_text(
        "id,at,lon,lat,kind\n1,2024-07-03,117.03,31.89,a\n2,2024-08-03,117.05,31.9,b\n3,2024-08-09,117.05,31.9,b\n"
    )
    (folder / "areas.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code": "n"}, "geometry": '
        '{"type": "Polygon", "coordinates": [[[117.02, 31.88], [117.06, 31.88], [117.06, 31.9], [117.02, 31.88]]]}}]}'
    )
    with stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai") as city:
        city.load("calls", folder / "calls.csv", key=["id"], time="at", lon="lon", lat="lat")
        city.load("areas", folder / "areas.geojson", key=["code"], valid_from="2019-05-01")
        moved = (folder / "areas.geojson").read_text().replace("117.06, 31.9]", "117.07, 31.9]")
        (folder / "moved.geojson").write_text(moved)
        city.load("areas", folder / "moved.geojson", valid_from="2021-05-01")
    return folder


def test_a_map_is_drawn_in_the_format_of_its_name(run, folder, tmp_path):
    ended = run("query", folder / "city", "calls", "--by", "cell:1km", "--map", tmp_path / "out.svg")
    assert (ended.code, "map: " in ended.err) == (0, True)
    assert (tmp_path / "out.svg").read_text().startswith("<?xml")


def test_a_version_of_a_layer_is_drawn(run, folder, tmp_path):
    words = ("show", folder / "city", "areas", "--as-of", "2019-06-01", "--map", tmp_path / "out.png")
    ended = run(*words, "--title", "Areas in 2019", "--under", "none")
    assert (ended.code, ended.err.count("map: ")) == (0, 1)
    assert (tmp_path / "out.png").stat().st_size > 1000
    ended = run("show", folder / "city", "areas", "--as-of", "2018", "--map", tmp_path / "before.png")
    assert ended.code == 0
    assert (tmp_path / "before.png").exists()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("--map", "out.gif"), 2, "PNG, SVG or PDF"),
        (("--title", "Where"), 2, "add --map FILE.png"),
        (("--map", "out.png", "--under", "nowhere"), 3, "nowhere"),
        (("--map", "out.png", "--under", "a,,b"), 2, "nothing between commas"),
        (("--map", "out.png", "--shade", "cuont"), 2, "did you mean 'count'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_printed(
    run, folder, tmp_path, monkeypatch, words, code, text
):
    monkeypatch.chdir(tmp_path)
    ended = run("query", folder / "city", "calls", "--by", "cell:1km", *words)
    assert (ended.code, ended.out) == (code, "")
    assert text in ended.err
    assert not list(tmp_path.glob("*.*"))


def test_a_chart_is_drawn_and_what_it_cannot_show_is_refused(run, folder, tmp_path):
    ended = run(
        "query", folder / "city", "calls", "--by", "kind", "--chart", tmp_path / "out.png", "--title", "Kinds"
    )
    assert (ended.code, "chart: " in ended.err) == (0, True)
    ended = run(
        "query", folder / "city", "calls", "--by", "kind,month,weekday", "--chart", tmp_path / "none.png"
    )
    assert (ended.code, ended.out) == (5, "")
    assert "one or two groupings" in ended.err
    assert not (tmp_path / "none.png").exists()


@pytest.mark.parametrize("words", [("diff", "areas", "2020-01-01", "2022-01-01"), ("history", "areas", "n")])
def test_changes_and_versions_of_features_are_drawn(run, folder, tmp_path, words):
    command, layer, *rest = words
    ended = run(command, folder / "city", layer, *rest, "--map", tmp_path / "out.png", "--title", "Areas")
    assert (ended.code, ended.err.splitlines()[-1]) == (0, f"map: {tmp_path / 'out.png'}")
    assert (tmp_path / "out.png").stat().st_size > 5000
    ended = run(command, folder / "city", layer, *rest, "--title", "Areas")
    assert (ended.code, ended.out) == (2, "")


def test_a_lineage_is_no_map(run, folder, tmp_path):
    words = ("diff", folder / "city", "areas", "2020-01-01", "2022-01-01", "--lineage")
    ended = run(*words, "--map", tmp_path / "out.png")
    assert (ended.code, ended.out) == (5, "")
    assert "leave out --lineage" in ended.line
    assert not (tmp_path / "out.png").exists()


def test_a_timeline_is_drawn_as_steps(run, folder, tmp_path):
    words = ("timeline", folder / "city", "areas", "--during", "2018/2023")
    ended = run(*words, "--chart", tmp_path / "out.png", "--title", "Areas")
    assert (ended.code, ended.err.splitlines()[-1]) == (0, f"chart: {tmp_path / 'out.png'}")
    ended = run(*words, "--by", "code,cell:1km", "--chart", tmp_path / "none.png")
    assert (ended.code, ended.out) == (5, "")
    assert not (tmp_path / "none.png").exists()
    assert run(*words, "--title", "Areas").code == 2
