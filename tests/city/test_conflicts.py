"""Conflicts of a city's plans: both clocks, decisions, groups, and what is refused in one line."""

import geopandas
import pytest
import shapely
from hypothesis import given, settings

import stcloud
from stcloud.errors import InvalidDefinition, InvalidInput, NotFound, StorageError, Unsupported
from stcloud.testing.examples import examples
from stcloud.testing.plans import CORNER, OPEN_US, DrawnVersion, drawn_plans, oracle_conflicts

SIDES = {"first": {"layer": "landuse", "use": ["dwelling"]}, "second": {"layer": "wood"}}
RULES = {
    "id": "town",
    "plans": {"landuse": {"department": "Planning bureau"}},
    "exclude": [{"id": "homes", **SIDES}],
}
CRS = "EPSG:4548"


class Clock:
    now_us = 1_800_000_000_000_000

    def __call__(self):
        self.now_us += 1_000_000
        return self.now_us


def box(west, south, east, north):
    return shapely.box(CORNER[0] + west, CORNER[1] + south, CORNER[0] + east, CORNER[1] + north)


def frame(*rows, column="use"):
    return geopandas.GeoDataFrame(
        [{"id": key, column: use, "geometry": shape} for key, use, shape in rows], crs=CRS
    )


@pytest.fixture
def city(tmp_path):
    stcloud.create(tmp_path / "bay", crs=CRS, zone="Asia/Shanghai").close()
    with stcloud.open(tmp_path / "bay", clock=Clock()) as opened:
        opened.load(
            "landuse", frame(("L1", "dwelling", box(0, 0, 100, 100)), ("L2", "park", box(100, 0, 200, 100))),
            key="id", valid_from="2021-01-01", valid_to="2036-01-01", mode="changes",
        )  # fmt: skip
        opened.load("wood", frame(("W1", "oak", box(80, 0, 150, 100))), key="id", valid_from="2024-01-01")
        yield opened


def conflicts(city, **more):
    return city.conflicts(["landuse", "wood"], **{"rules": RULES, **more})


def test_received_plans_conflict_as_their_owners_do(city, tmp_path):
    """Each layer is read by its own recorded time, which of a received one is that of its owner."""
    stcloud.create(tmp_path / "south", crs=CRS, zone="Asia/Shanghai").close()
    clock = Clock()
    clock.now_us += 86_400_000_000
    with stcloud.open(tmp_path / "south", clock=clock) as south:
        for layer in ("landuse", "wood"):
            city.pack(layer, to=tmp_path / f"{layer}.stpack")
            south.receive(tmp_path / f"{layer}.stpack")
        owner, other = conflicts(city), conflicts(south)
        assert other.to_records() == owner.to_records() != []
        assert conflicts(south, known_at=owner.pin).to_records() == owner.to_records()
        blueprints = [
            each.blueprint(["landuse", "wood"], rules=RULES, at="2024-06-01").to_records()
            for each in (city, south)
        ]
        assert blueprints[0] == blueprints[1] != []


def test_an_answer_in_every_form(city):
    found = conflicts(city, at="2024-06-01")
    (row,) = found.to_records()
    assert (row["first_layer"], row["first"], row["second_department"], row["area_m2"]) == (
        "landuse", "L1", "wood", 2000.0,
    )  # fmt: skip
    assert (row["from"].isoformat(), row["to"].isoformat()) == (
        "2024-01-01T00:00:00+08:00",
        "2036-01-01T00:00:00+08:00",
    )
    assert found.to_geopandas().area.tolist() == [2000.0]
    assert found.to_geopandas().crs == CRS
    assert (len(found), len(found.to_pandas()), found.to_arrow().num_rows, len([*found])) == (1, 1, 1, 1)
    assert "landuse, wood" in repr(found)
    assert [row for batch in found.batches() for row in batch.to_pylist()] == [row]
    assert found.facts["rules_applied"] == "1 of 1"
    assert found.explain().splitlines()[-2:] == ["found 1 conflict", "slivers: 0 pieces, 0 m² left out"]
    why = str(found.why(row["conflict"]))
    assert "first: landuse L1 of Planning bureau, use dwelling" in why
    assert why.endswith("open: nothing was decided")
    with pytest.raises(NotFound, match="there is no conflict 'x' in this answer") as caught:
        found.why("x")
    assert caught.value.kind == "unknown-conflict"


def test_conflicts_hold_when_both_plans_do(city):
    assert [
        len(conflicts(city, at=at)) for at in ("2023-12-31", "2024-01-01", "2035-12-31", "2036-01-01")
    ] == [0, 1, 1, 0]
    assert [
        len(conflicts(city, during=span)) for span in ("2023", "2023/2024-01-02", "2036/..", "../2024")
    ] == [0, 1, 0, 0]
    until = [{"id": "homes", **SIDES, "from": "2025-01-01", "to": "2026-01-01"}]
    (row,) = conflicts(city, rules=RULES | {"exclude": until})
    assert (row["from"].isoformat(), row["to"].isoformat()) == (
        "2025-01-01T00:00:00+08:00",
        "2026-01-01T00:00:00+08:00",
    )
    assert len(conflicts(city, rules=RULES | {"exclude": until}, at="2026-01-01")) == 0


def test_a_pinned_answer_never_changes(city):
    before = conflicts(city)
    pin, rows = before.pin, before.to_records()
    city.load("wood", frame(("W1", "oak", box(90, 0, 150, 100)), ("W2", "fir", box(0, 0, 50, 50))), key="id",
              valid_from="2024-01-01")  # fmt: skip
    assert conflicts(city, known_at=pin).to_records() == rows
    assert conflicts(city, known_at=pin.text).to_records() == rows
    changes = conflicts(city).since(pin).to_records()
    assert sorted((row["second"], row["change"]) for row in changes) == [("W1", "changed"), ("W2", "new")]
    assert {row["differs"] for row in changes} == {"area_m2, st_geom", None}
    gone = conflicts(city, known_at=pin).since(conflicts(city).pin).to_records()
    assert sorted((row["second"], row["change"]) for row in gone) == [("W1", "changed"), ("W2", "gone")]


def test_decisions_have_both_clocks(city):
    found = conflicts(city)
    (row,) = found.to_records()
    found.decide(row["conflict"], "wood", by="council", on="2024-05-01", reason="the oak is old")
    assert conflicts(city).to_records()[0]["outcome"] == "second"
    conflicts(city).decide(row["conflict"], "both", by="mayor", on="2025-05-01")
    outcomes = {
        at: conflicts(city, at=at).to_records()[0]["outcome"]
        for at in ("2024-04-30", "2024-05-01", "2025-05-01")
    }
    assert outcomes == {"2024-04-30": None, "2024-05-01": "second", "2025-05-01": "both"}
    assert conflicts(city, known_at=found.pin).to_records() == [row]
    why = str(conflicts(city, at="2024-06-01").why(row["conflict"]))
    assert why.endswith("decided by council, since 2024-05-01: wood prevails: the oak is old")
    with pytest.raises(InvalidInput, match="did you mean 'wood'") as caught:
        found.decide(row["conflict"], "woods", by="council", on="2024-05-01")
    assert caught.value.kind == "unknown-outcome"
    assert conflicts(city).by("outcome").to_records()[0]["outcome"] == "both"


def test_an_identity_outlives_a_name(city):
    (row,) = conflicts(city).to_records()
    city.rename("wood", "aspen")
    rules = RULES | {"exclude": [{"id": "homes", "first": SIDES["first"], "second": {"layer": "aspen"}}]}
    (renamed,) = city.conflicts(["aspen", "landuse"], rules=rules).to_records()
    assert (renamed["conflict"], renamed["second_layer"]) == (row["conflict"], "aspen")


def test_groups(city):
    found = conflicts(city)
    assert found.by("department").to_records() == [
        {
            "first_department": "Planning bureau",
            "second_department": "wood",
            "conflicts": 1,
            "area_m2": 2000.0,
        }
    ]
    city.load("blocks", frame(("west", "", box(0, 0, 90, 100)), ("north", "", box(90, 50, 300, 100))), key="id",
              valid_from="2020-01-01")  # fmt: skip
    groups = found.by("rule", "in:blocks")
    assert [(row["in_blocks"], row["area_m2"]) for row in groups] == [
        ("north", 500.0),
        ("west", 1000.0),
        (None, 500.0),
    ]
    assert groups.to_geopandas().area.tolist()[:2] == [10500.0, 9000.0]
    assert dict(groups.pin.layers).keys() == {"landuse", "wood", "blocks"}
    for names, kind in (
        (("unit",), "which-grid"),
        (("ruel",), "unknown-group"),
        (("in:blocks", "unit"), "two-places"),
    ):
        with pytest.raises(InvalidInput) as caught:
            found.by(*names)
        assert caught.value.kind == kind


def test_cells_of_the_grid(city):
    cells = geopandas.GeoDataFrame(
        {"code": ["350203001001001", "350203001002001"]},
        geometry=[box(0, 0, 90, 100), box(90, 0, 300, 100)],
        crs=CRS,
    )
    definition = stcloud.Definition.from_toml(
        'id = "cells"\nkind = "feature"\nkey = ["code"]\n[space]\ncolumn = "geometry"\nencoding = "wkb"\n'
        f'crs = "{CRS}"\n[grid]\nscheme = "unit-grid-15"\n[columns]\ncode = {{}}\n', name="cells.toml",
    )  # fmt: skip
    city.load("cells", cells, definition=definition, valid_from="2020-01-01")
    by_unit = {row["unit"]: row["area_m2"] for row in conflicts(city).by("unit")}
    assert by_unit == {"350203001001001": 1000.0, "350203001002001": 1000.0}
    assert [row["community"] for row in conflicts(city).by("community")] == ["350203001001", "350203001002"]
    assert [row["area_m2"] for row in conflicts(city).by("street")] == [2000.0]


CHANGES = [
    ({"exclude": [{"id": "h", "first": {"layer": "landuse", "use": "dweling"}, "second": {"layer": "wood"}}]},
     InvalidInput, "unknown-use", "did you mean 'dwelling'"),
    ({"exclude": [{"id": "h", "first": {"use": "zoo"}}]}, InvalidInput, "unknown-use", 'uses = ["zoo"]'),
    ({"exclude": [{"id": "h", "first": {"layer": "landusse"}}]}, NotFound, "unknown-layer", "rule 'h'"),
    ({"plans": {"roads": {}}}, NotFound, "unknown-layer", "rules 'town', plans"),
    ({"plans": {"landuse": {"use": "kind"}}}, InvalidInput, "no-use-column", "column 'kind'"),
    ({"exclude": [], "clearance": [{"id": "c", "horizontal_m": 1, "vertical_m": 1}]},
     InvalidInput, "no-depth-columns", "no column of numbers 'zmin'"),
    ({"exclude": [{"id": "h", "fist": {}}]}, InvalidDefinition, "invalid-definition", "did you mean 'first'"),
    ({"exclude": []}, InvalidDefinition, "invalid-definition", "there is no rule"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "error", "kind", "text"), CHANGES)
def test_what_rules_name_must_be_there(city, change, error, kind, text):
    with pytest.raises(error) as caught:
        conflicts(city, rules=RULES | change)
    assert (caught.value.kind, text in str(caught.value)) == (kind, True)
    assert "\n" not in str(caught.value)


def test_calls_that_make_no_sense(city, tmp_path):
    city.load("parks", frame(("P", "park", box(0, 0, 1, 1))), key="id", valid_from="2020-01-01")
    for layers, more, kind in (
        (["landuse"], {}, "two-layers-needed"), ("landuse", {}, "two-layers-needed"),
        (["landuse", "landuse"], {}, "two-layers-needed"), (["parks", "wood"], {}, "no-rule"),
        (["landuse", "wood"], {"at": "2024", "during": "2024"}, "at-or-during"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            city.conflicts(layers, rules=RULES, **more)
        assert caught.value.kind == kind
    with pytest.raises(NotFound):
        city.conflicts(["landuse", "roads"], rules=RULES)
    with pytest.raises(StorageError, match=r"absent.toml: No such file"):
        conflicts(city, rules=tmp_path / "absent.toml")


def test_rules_may_be_files(city, tmp_path):
    path = tmp_path / "town.csv"
    path.write_text(
        "rule,kind,first_layer,first_use,second_layer\nhomes,exclude,landuse,dwelling,wood\n", "utf-8"
    )
    assert conflicts(city, rules=path).facts["rules"].startswith("town-")
    assert len(conflicts(city, rules=str(path))) == 1


def test_uses_that_no_plan_has_may_be_listed(city):
    rules = RULES | {
        "uses": ["zoo"],
        "exclude": [{"id": "h", "first": {"use": ["zoo"]}, "second": {"layer": "wood"}}],
    }
    assert len(conflicts(city, rules=rules)) == 0


def test_what_cannot_be_judged_is_counted(city):
    city.load(
        "landuse", frame(("L3", None, box(0, 0, 5, 5))), key="id", valid_from="2021-01-01", mode="changes"
    )
    assert conflicts(city).facts["without_use"] == "landuse 1"


def test_pipes_without_a_depth_are_counted(city):
    along, across = (shapely.LineString([(500_000, 3_520_000 + y), (500_100, 3_520_010)]) for y in (0, 20))
    rules = {"id": "pipes", "clearance": [{"id": "cross", "first": {"layer": "gas"}, "second": {"layer": "power"},
                                           "horizontal_m": 1, "vertical_m": 0.5}]}  # fmt: skip
    for layer, line, zmax in (("gas", along, -1.0), ("power", across, -1.2)):
        pipes = geopandas.GeoDataFrame(
            {"id": ["1", "2"], "zmin": [-1.5, None], "zmax": [zmax, None]}, geometry=[line, None], crs=CRS
        )
        pipes.loc[1, "geometry"] = along
        city.load(layer, pipes, key="id", valid_from="2020-01-01")
    (row,), facts = (found := city.conflicts(["gas", "power"], rules=rules)).to_records(), found.facts
    assert (row["first"], row["distance_m"], row["vertical_m"]) == ("1", 0.0, 0.0)
    assert facts["without_depth"] == "gas 1, power 1"
    pipes = geopandas.GeoDataFrame({"id": ["3"], "zmin": [-1.5], "zmax": [-2.5]}, geometry=[along], crs=CRS)
    city.load("gas", pipes, key="id", valid_from="2020-01-01", mode="changes")
    with pytest.raises(
        InvalidInput, match=r"layer 'gas', feature '3': zmax -2.5 is below zmin -1.5"
    ) as caught:
        city.conflicts(["gas", "power"], rules=rules).answer()
    assert caught.value.kind == "bad-depth"


def test_what_has_no_decisions_is_refused(city):
    with pytest.raises(InvalidInput, match="layer 'wood' has no decisions") as caught:
        conflicts(city, decisions="wood").answer()
    assert caught.value.kind == "not-decisions"


def test_a_geographic_crs_is_refused(tmp_path):
    with pytest.raises((InvalidInput, Unsupported)) as caught:
        stcloud.create(tmp_path / "degrees", crs="EPSG:4326", zone="Asia/Shanghai")
    assert caught.value.kind == "metric-crs-needed"


def test_rules_bind_by_days_of_the_city(tmp_path):
    stcloud.create(tmp_path / "nyc", crs="EPSG:32618", zone="America/New_York").close()
    with stcloud.open(tmp_path / "nyc") as city:
        for layer in ("landuse", "wood"):
            shape = shapely.box(585_000, 4_500_000, 585_100, 4_500_100)
            rows = geopandas.GeoDataFrame(
                {"id": ["1"], "use": ["dwelling"]}, geometry=[shape], crs="EPSG:32618"
            )
            city.load(layer, rows, key="id", valid_from="2020-01-01")
        rules = RULES | {"exclude": [{"id": "homes", **SIDES, "from": "2024-11-03", "to": "2024-11-04"}]}
        (row,) = city.conflicts(["landuse", "wood"], rules=rules).to_records()
        assert row["to"].timestamp() - row["from"].timestamp() == 25 * 3600  # an hour is repeated


def days(drawn):
    """Return drawn instants as days, and an end that is not known as null."""
    return None if drawn == OPEN_US else f"2024-01-{drawn + 1:02d}"


@given(drawn_plans(layers=("landuse", "wood")), drawn_plans(layers=("landuse", "wood")))
@settings(max_examples=examples(16))
def test_oracle_of_both_clocks(tmp_path_factory, first, second):
    folder = tmp_path_factory.mktemp("town")
    stcloud.create(folder / "town", crs=CRS, zone="Asia/Shanghai").close()
    rule = {"id": "homes", "first": {"layer": "landuse", "use": ["dwelling"]}, "second": {"layer": "wood"}}
    rules = {"id": "town", "uses": ["dwelling"], "exclude": [rule]}
    bow_tie = shapely.transform(shapely.Polygon([(0, 0), (8, 8), (8, 0), (0, 8)]), lambda xy: xy + CORNER)
    invalid, repaired = (
        DrawnVersion("bow tie", "dwelling", 0, OPEN_US, shape)
        for shape in (bow_tie, shapely.make_valid(bow_tie))
    )
    expected, _ = oracle_conflicts(
        {layer: [repaired, *versions] for layer, versions in first.items()},
        [rule | {"kind": "exclude"}], area_m2=1.0, width_m=0.0,
    )  # fmt: skip
    with stcloud.open(folder / "town") as city:
        for layer, versions in first.items():
            load(city, layer, [invalid, *versions])
        pin = city.conflicts(["landuse", "wood"], rules=rules).pin
        for layer, versions in second.items():
            load(city, layer, [invalid, *versions])
        rows = city.conflicts(["wood", "landuse"], rules=rules, known_at=pin).to_records()
    assert [(row["first"], row["second"]) for row in rows] == [
        (at.sides[0][1], at.sides[1][1]) for at in expected
    ]
    assert [row["area_m2"] for row in rows] == pytest.approx([at.measure for at in expected], abs=1e-5)


def load(city, layer, versions):
    rows = geopandas.GeoDataFrame(
        {
            "id": [at.key for at in versions], "use": [at.use for at in versions],
            "since": [days(at.from_us) for at in versions], "until": [days(at.to_us) for at in versions],
        },
        geometry=[at.shape for at in versions], crs=CRS,
    )  # fmt: skip
    definition = stcloud.Definition.from_toml(
        f'id = "{layer}"\nkind = "feature"\nkey = ["id"]\nduplicates = "keep"\n[space]\ncolumn = "geometry"\n'
        f'encoding = "wkb"\ncrs = "{CRS}"\n[valid]\nfrom = "since"\nto = "until"\n[columns]\nid = {{}}\nuse = {{}}\n',
        name="plan.toml",
    )
    city.load(layer, rows, definition=definition, mode="changes", again=True)
