"""A city's classes: the bundled ones and its own, each version with its instant; and the names that answers show."""

import json
import threading

import pandas as pd
import pytest

import stcloud
from stcloud.errors import Conflict, FormatError, InvalidDefinition, NotFound
from stcloud.iaas.store.folder import Folder

HEAD = "kind,edition,code,name_zh,name,major,valid_from,valid_to,verified,source\n"
FIRST = HEAD + "component,2026,01901,智能井盖,Smart manhole cover,01,2026-09-01,,local,Akarana\n"
SECOND = HEAD + "component,2026,01902,机器人,Street robot,01,2026-09-01,,local,Akarana\n"
DEFINITION = """
id = "calls"
kind = "event"
key = ["id"]
{}
[time]
column = "at"
[space]
x = "x"
y = "y"
crs = "EPSG:2193"
[columns]
code = {{ codes = "class-2026", kind_column = "kind" }}
"""
ROWS = pd.DataFrame(
    {
        "id": ["1", "2", "3", "4"],
        "at": ["2026-09-01 07:00"] * 4,
        "x": [1_750_000.0] * 4,
        "y": [5_430_000.0] * 4,
        "kind": ["component", "matter", "component", None],
        "code": ["01001", "01001", "01901", "06010"],
    }
)


@pytest.fixture
def ticking():
    """A clock that goes on by a second with each look."""
    ticks = iter(range(1_800_000_000, 1_900_000_000))
    return lambda: next(ticks) * 1_000_000


@pytest.fixture
def city(tmp_path, ticking):
    stcloud.create(tmp_path / "akarana", crs="EPSG:2193", zone="Pacific/Auckland").close()
    with stcloud.open(tmp_path / "akarana", clock=ticking) as opened:
        yield opened


def write(tmp_path, text, name="local.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def load(city, tmp_path, top=""):
    definition = write(tmp_path, DEFINITION.format(top), "calls.toml")
    city.load("calls", ROWS, definition=definition)
    return city.query("calls")


def shown(answer):
    return dict(zip(answer.to_pandas()["id"], answer.labelled().to_pandas()["code"], strict=True))


def test_a_city_has_the_bundled_classes_and_its_own(city, tmp_path):
    bundled = len(city.classes.table())
    assert len(city.classes.extend(write(tmp_path, FIRST))) == bundled + 1
    assert city.classes.table().look_up("component", "01901").name == "Smart manhole cover"
    with stcloud.open(tmp_path / "akarana") as again:
        assert again.classes.table().look_up("component", "01901").name == "Smart manhole cover"


def test_a_newer_list_replaces_the_one_before_and_the_older_is_known_as_of_its_time(city, tmp_path, ticking):
    before_us = ticking()
    city.classes.extend(write(tmp_path, FIRST))
    between_us = ticking()
    city.classes.extend(write(tmp_path, SECOND))

    def local(known_us=None):
        return [row.code for row in city.classes.table(known_us) if row.verified == "local"]

    assert (local(before_us), local(between_us), local()) == ([], ["01901"], ["01902"])


def test_versions_are_in_order_though_the_clock_goes_back(city, tmp_path):
    first_us = 1_700_000_000_000_000
    for at_us, text in ((first_us, FIRST), (5, SECOND)):
        with stcloud.open(tmp_path / "akarana", clock=lambda at_us=at_us: at_us) as opened:
            opened.classes.extend(write(tmp_path, text))

    def local(known_us):
        return [row.code for row in city.classes.table(known_us) if row.verified == "local"]

    assert [local(first_us + late) for late in (-1, 0, 1)] == [[], ["01901"], ["01902"]]


def test_a_list_that_is_wrong_is_refused_and_nothing_is_kept(city, tmp_path):
    clash = FIRST + "component,2026,01001,井,Lid,01,2026-09-01,,local,Akarana\n"
    with pytest.raises(InvalidDefinition, match=r"local.csv.*is there already"):
        city.classes.extend(write(tmp_path, clash))
    with pytest.raises(NotFound) as refused:
        city.classes.extend(tmp_path / "absent.csv")
    assert refused.value.kind == "unknown-source"
    assert not (tmp_path / "akarana" / "classes").exists()


def test_a_list_that_was_changed_on_disk_is_damage_unless_that_is_meant(city, tmp_path):
    city.classes.extend(write(tmp_path, FIRST))
    path = tmp_path / "akarana" / "classes" / "0001.csv"
    text = path.read_text(encoding="utf-8").replace("Smart", "Clever")
    path.write_text(text, encoding="utf-8")
    with stcloud.open(tmp_path / "akarana") as again, pytest.raises(FormatError) as refused:
        again.classes.table()
    assert refused.value.kind == "damaged-city"
    path.write_text(text.partition("\n")[2], encoding="utf-8")
    with stcloud.open(tmp_path / "akarana") as again:
        assert again.classes.table().look_up("component", "01901").name == "Clever manhole cover"


def test_of_two_who_give_classes_at_once_one_is_refused(city, tmp_path, monkeypatch):
    source = write(tmp_path, FIRST)
    meet, outcomes, put = threading.Barrier(2), [], Folder.put_text

    def together(self, *arguments):
        meet.wait(30)
        return put(self, *arguments)

    def give():
        try:
            city.classes.extend(source)
            outcomes.append("kept")
        except Conflict as error:
            outcomes.append(error.kind)

    monkeypatch.setattr(Folder, "put_text", together)
    threads = [threading.Thread(target=give) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["classes-changed", "kept"]


def test_answers_show_names_also_of_the_citys_own_classes(city, tmp_path):
    city.classes.extend(write(tmp_path, FIRST))
    calls = load(city, tmp_path)
    assert shown(calls.rows()) == {
        "1": "Water-supply manhole cover (01001)",
        "2": "Abnormal water-supply manhole cover (01001)",
        "3": "Smart manhole cover (01901)",
        "4": "Exposed refuse (06010)",
    }
    assert sorted(calls.rows().to_pandas()["code"]) == ["01001", "01001", "01901", "06010"]
    grouped = calls.count(by=["kind", "code"]).with_names().to_pandas()
    assert set(grouped["code_name"]) == {
        "Water-supply manhole cover", "Abnormal water-supply manhole cover", "Smart manhole cover", "Exposed refuse",
    }  # fmt: skip
    alone = calls.count(by="code").labelled().to_pandas().set_index("code")["count"].to_dict()
    assert alone == {"01001": 2, "Smart manhole cover (01901)": 1, "Exposed refuse (06010)": 1}


@pytest.mark.parametrize(
    ("city_says", "definition_says", "name"),
    [
        (None, "", "Exposed refuse (06010)"),
        ("zh", "", "暴露垃圾 (06010)"),
        ("zh", 'language = "en"', "Exposed refuse (06010)"),
        ("en", 'language = "zh"', "暴露垃圾 (06010)"),
    ],
)
def test_the_language_is_the_definitions_or_the_citys(tmp_path, city_says, definition_says, name):
    stcloud.create(tmp_path / "town", crs="EPSG:2193", zone="Pacific/Auckland", language=city_says).close()
    with stcloud.open(tmp_path / "town") as city:
        assert city.configuration.language == city_says
        assert shown(load(city, tmp_path, definition_says).rows())["4"] == name


def test_an_unknown_language_is_refused(tmp_path):
    with pytest.raises(stcloud.StcloudError) as refused:
        stcloud.create(tmp_path / "town", crs="EPSG:2193", zone="Pacific/Auckland", language="de")
    assert refused.value.kind == "unknown-language"


def test_joins_and_versions_of_features_have_names(city, tmp_path):
    shape = {"type": "Polygon", "coordinates": [
        [[174.0, -41.5], [176.0, -41.5], [176.0, -41.0], [174.0, -41.0], [174.0, -41.5]]
    ]}  # fmt: skip
    collection = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": shape, "properties": {"id": "a", "class": "04013"}}
    ]}  # fmt: skip
    places = write(tmp_path, json.dumps(collection), "places.geojson")
    definition = write(
        tmp_path,
        'id = "places"\nkind = "feature"\nkey = ["id"]\n[space]\ncolumn = "geometry"\nencoding = "wkb"\n'
        'crs = "OGC:CRS84"\n[columns]\nclass = { codes = "component-2026" }\n',
        "places.toml",
    )
    city.load("places", places, definition=definition, valid_from="2020-01-01")
    features = city.features("places")
    queried = city.query("places").as_of("2026-01-01").rows()
    for answer in (features.as_of("2026-01-01"), features.history("a"), queried):
        assert answer.labelled().to_records()[0]["class"] == "Green space (04013)"
    joined = load(city, tmp_path).join("places").labelled().to_records()
    assert {row["places_class"] for row in joined} == {"Green space (04013)"}
    assert {row["code"] for row in joined} >= {"Exposed refuse (06010)"}
