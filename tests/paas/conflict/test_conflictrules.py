"""Tables of rules are read, refused with all their faults, and known by what they mean."""

import pytest

from stcloud.errors import InvalidDefinition
from stcloud.paas.conflict.conflictrules import ConflictRules

TOML = """
id = "town"
title = "Town"
[plans.landuse]
department = "Planning bureau"
[slivers]
area_m2 = 2.0
[[exclude]]
id = "homes-in-wood"
first = { layer = "landuse", use = "dwelling" }
second = { layer = "greenland", use = ["wood", "marsh"] }
from = 2024-01-01
[[distance]]
id = "fuel-school"
first = { use = "fuel" }
second = { use = "school" }
least_m = 50
[[clearance]]
id = "gas-power"
first = { layer = "gas" }
second = { layer = "power" }
horizontal_m = 1
vertical_m = 0.5
"""
CSV = """rule,kind,first_layer,first_use,second_layer,second_use,metres,vertical_m,from,to
homes-in-wood,exclude,landuse,dwelling,greenland,wood; marsh,,,2024-01-01,
fuel-school,distance,,fuel,,school,50,,,
gas-power,clearance,gas,,power,,1,0.5,,
"""


def read(text):
    return ConflictRules.from_toml(text, name="rules.toml")


def test_a_document_is_read():
    rules = read(TOML)
    assert [rule.id for rule in rules] == ["homes-in-wood", "fuel-school", "gas-power"]
    assert [rule.text for rule in rules] == [
        "dwelling in landuse and wood or marsh in greenland: exclude each other",
        "fuel and school: at least 50 m apart",
        "anything in gas and anything in power: at least 1 m apart in the plane, or 0.5 m in depth",
    ]
    assert (rules.department("landuse"), rules.department("gas")) == ("Planning bureau", "gas")
    assert [(rule.reach_m, rule.gap_m) for rule in rules] == [(0, None), (50, None), (1, 0.5)]


def test_a_csv_has_the_same_rules():
    rules = ConflictRules.from_csv(CSV, name="town.csv", identity="town")
    assert [*rules] == [rule.model_copy(update={"title": ""}) for rule in read(TOML)]


def test_what_rules_mean_is_their_digest():
    assert read(TOML).digest() == read(TOML.replace('title = "Town"', 'title = "A town"')).digest()
    assert read(TOML).digest() != read(TOML.replace("50", "51")).digest()
    assert read(TOML).text == f"town-{read(TOML).digest()}"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("least_m = 50", "least_m = -1"), "greater than 0"),
        (("least_m = 50", ""), "distance.0.least_m: Field required"),
        (("least_m", "lest_m"), "lest_m: unknown key; did you mean 'least_m'?"),
        (('use = "fuel"', 'uze = "fuel"'), "uze: unknown key; did you mean 'use'?"),
        (('"fuel-school"', '"gas-power"'), "two rules are called 'gas-power'"),
        (('layer = "power"', 'layer = "gas"'), "a rule is between two layers, and both sides are of 'gas'"),
        (("from = 2024-01-01", "from = 2024-01-01\nto = 2023-01-01"), "ends before it begins"),
        (("[[exclude]]", "[[exclude"), "is not TOML"),
        (("horizontal_m = 1", "horizontal_m = inf"), "horizontal_m"),
    ],
)
def test_faults_are_named(change, fault):
    with pytest.raises(InvalidDefinition) as caught:
        read(TOML.replace(*change))
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ((",exclude,", ",excludes,"), "line 2: kind is exclude, distance or clearance, not 'excludes'"),
        (("metres", "meters"), "meters: unknown column"),
        ((",50,", ",fifty,"), "line 3; metres: 'fifty' is no number"),
    ],
)
def test_faults_of_a_csv_are_named(change, fault):
    with pytest.raises(InvalidDefinition) as caught:
        ConflictRules.from_csv(CSV.replace(*change), name="town.csv", identity="town")
    assert fault in str(caught.value)


def test_a_table_without_rules_is_refused():
    with pytest.raises(InvalidDefinition, match="there is no rule"):
        read('id = "town"')
