"""What a principal may do with a city besides asking, and what only counts are given of."""

import pandas as pd
import pytest

import stcloud
from stcloud.errors import InvalidInput, NotFound, StcloudError
from stcloud.saas.rights.permits import Permits
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import ANONYMOUS, Principal

POLICY = """
[[allow]]
who = "anonymous"
do = "count"
layers = ["requests", "areas"]
[[allow]]
who = "loader"
do = ["read", "load"]
layers = "requests"
hide = "phone"
[[allow]]
who = ["loader"]
do = "read"
cases = "open"
[[allow]]
who = "clerk"
do = ["read", "act"]
cases = "*"
"""
AREAS = """
id = "areas"
kind = "feature"
key = ["code"]
[space]
column = "wkt"
crs = "EPSG:4326"
"""
RULES = {"id": "any", "exclude": [{"id": "any"}]}
FRAME = pd.DataFrame(
    {"id": ["a", "b"], "at": ["2024-03-01"] * 2, "lon": [174.7] * 2, "lat": [-36.9] * 2, "phone": ["1", "2"]}
)


@pytest.fixture(scope="module")
def permits(tmp_path_factory):
    place = tmp_path_factory.mktemp("city") / "city"
    with stcloud.create(place, crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ") as city:
        city.load("requests", FRAME, key="id", time="at", lon="lon", lat="lat")
        areas = pd.DataFrame({"code": ["A"], "wkt": ["POLYGON((174 -37,175 -37,175 -36,174 -36,174 -37))"]})
        city.load(
            "areas", areas, definition=stcloud.Definition.from_toml(AREAS, name="areas"), valid_from="2020"
        )
        for log in ("open", "closed"):
            city.cases(log, create="urban-management").close()
        made = Permits(city, Policy.from_toml(POLICY, name="policy.toml"))
        yield made
        made.close()


def refused(act):
    with pytest.raises(InvalidInput) as caught:
        act()
    return caught.value.kind


def test_of_what_may_be_counted_measures_are_given_and_no_rows(permits):
    seen = permits.city_for(ANONYMOUS)
    query = seen.query("requests").what("phone = '1'")
    assert query.count().table.to_pylist() == [{"count": 1}]
    assert query.cube("1km", "1M").to_arrow().num_rows == 1
    assert query.of_group("phone=2").count().table.to_pylist() == [{"count": 0}]
    assert query.vector_tile(0, 0, 0, by="cell:1km").pin.layers
    for act in (
        query.rows, lambda: list(query.batches()), query.to_arrow, query.to_pandas, query.to_geopandas,
        lambda: query.join("areas"), lambda: query.join_batches("areas"), lambda: query.joining("areas"),
        lambda: query.tile(0, 0, 0), lambda: query.vector_tile(0, 0, 0, cluster="1km"),
        lambda: query.write_parquet("rows.parquet"), lambda: query.why("a"), lambda: seen.features("areas"),
        lambda: query.count(by=["in:areas"]), lambda: seen.series("requests"),
        lambda: seen.tracks("requests"),
        lambda: seen.scenes("requests"), lambda: seen.grid("areas"), lambda: seen.evaluate("requests"),
        lambda: seen.conflicts(["areas", "requests"], rules=RULES),
        lambda: seen.blueprint(["areas", "requests"], rules=RULES, at="2024"),
        lambda: seen.ask(stcloud.Question(layer="requests")), lambda: seen.divide("areas", "areas"),
    ):  # fmt: skip
        assert refused(act) == "not-permitted"
    with pytest.raises(InvalidInput, match="only counts"):
        query.where("areas:A")
    assert seen.query("areas").as_of("2024").count().table.to_pylist() == [{"count": 1}]
    assert not hasattr(seen.layer("areas"), "as_of")
    assert [layer.name for layer in seen.layers()] == ["areas", "requests"]


def test_a_situation_has_what_may_be_read(permits):
    shown = permits.city_for(ANONYMOUS).situation((174.7, -36.9), at="2024-03-02").to_dict()
    assert "requests" not in str(shown)


def test_who_may_load_loads_into_the_whole_city(permits):
    seen = permits.city_for(Principal("loader"))
    assert seen.query("requests").rows().table.schema.names.count("phone") == 0
    more = FRAME.assign(id=["c", "d"])
    assert seen.load("requests", more, key="id", time="at", lon="lon", lat="lat").accepted == 2
    assert seen.query("requests").count().table.to_pylist() == [{"count": 4}]
    with pytest.raises(NotFound, match="has no layer 'others'"):
        seen.load("others", more)


def test_nothing_else_is_changed(permits, tmp_path):
    seen = permits.city_for(Principal("loader"))
    for act in (
        lambda: seen.undo("requests", "x"), lambda: seen.delete("requests"), lambda: seen.rename("requests", "r"),
        lambda: seen.describe("requests", owner="r"),
        lambda: seen.purge("requests", before="2024"), lambda: seen.index("requests"), seen.vacuum, seen.check,
        lambda: seen.copy_to(tmp_path / "copy"), lambda: seen.rejected("requests"),
        lambda: seen.draft("requests", FRAME), lambda: seen.cases("more", create="urban-management"),
        lambda: seen.parts.folder.write_text("x", "city.toml"),
        lambda: seen.parts.folder.lock("layer-requests", wait_s=0).__enter__(),
    ):  # fmt: skip
        assert refused(act) == "not-permitted"


def test_logs_of_cases_that_may_not_be_read_are_absent(permits):
    seen = permits.city_for(Principal("loader"))
    assert seen.case_logs() == ("open",)
    errors = []
    for name in ("closed", "cloned"):
        with pytest.raises(StcloudError) as caught:
            seen.cases(name)
        errors.append((caught.value.kind, str(caught.value).replace(name, "…")))
    assert errors[0] == errors[1]
    with seen.cases("open") as cases:
        assert list(cases.states()) == []
        assert refused(lambda: cases.open(actor="x", role="y")) == "not-permitted"
        assert refused(lambda: cases.private("1", who="x", why="y")) == "not-permitted"
    with permits.city_for(Principal("clerk")).cases("closed") as cases:
        assert callable(cases.act)


def test_a_former_name_of_what_may_not_be_seen_is_unknown(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland") as city:
        city.load("requests", FRAME, key="id", time="at", lon="lon", lat="lat")
        city.rename("requests", "secrets")
        permits = Permits(city, Policy())
        for name in ("requests", "secrets"):
            with pytest.raises(NotFound) as caught:
                permits.city_for(ANONYMOUS).query(name)
            assert caught.value.kind == "unknown-layer"
        permits.close()
