"""A rule for personal columns is one that names them: no more and no less."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidDefinition
from stcloud.saas.rights.permits import Permits
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import Principal
from stcloud.saas.rights.rule import PolicyRule
from stcloud.testing.examples import examples

COLUMNS = ("n", "phone", "reporter", "notes")
SECRET = 'secret = "0123456789012345678901234567890123456789"\n'
DEFINITION = """
id = "requests"
kind = "event"
key = ["id"]
personal = ["reporter", "tel"]
[time]
column = "at"
[space]
lon = "lon"
lat = "lat"
[columns.tel]
rename = "phone"
"""
FRAME = pd.DataFrame(
    {"id": ["a", "b", "c"], "at": ["2024-03-31T23:30"] * 3, "lon": [121.4] * 3, "lat": [31.2] * 3,
     "tel": ["1", "2", "1"], "reporter": ["li", "zhao", None], "n": ["4", "5", "6"]}
)  # fmt: skip


def state(rule, column):
    """Return what a rule says of a column that is named, in plain words."""
    if column in rule.hide or (rule.columns is not None and column not in (*rule.columns, *rule.mask)):
        return "hide"
    return rule.mask.get(column, "show")


@st.composite
def rules(draw):
    names = st.lists(st.sampled_from(COLUMNS), unique=True, min_size=1)
    given = {"mask": draw(st.dictionaries(st.sampled_from(COLUMNS), st.sampled_from(["hash", "drop"])))}
    which = draw(st.sampled_from(["columns", "hide", None]))
    if which:
        given[which] = draw(names)
    way = draw(st.sampled_from(["show", "hide", "hash", "drop"]))
    return PolicyRule(who="zhao", do="read", layers="*", personal=way, **given)


@settings(deadline=None, max_examples=examples(200))
@given(rules(), st.sets(st.sampled_from(COLUMNS)))
def test_a_rule_for_personal_columns_is_one_that_names_them(rule, personal):
    """Law: a column that is marked, and that the rule neither hides nor masks by name, is as ``personal`` says."""
    named = rule.of_layer(personal)
    assert named.personal == "show"
    for column in COLUMNS:
        before = state(rule, column)
        own = column in personal and column not in rule.mask and before == "show"
        assert state(named, column) == (rule.personal if own else before), column


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    place = tmp_path_factory.mktemp("city") / "city"
    with stcloud.create(place, crs="EPSG:4549", zone="Asia/Shanghai") as made:
        definition = stcloud.Definition.from_toml(DEFINITION, name="requests.toml")
        made.load("requests", FRAME, definition=definition)
        made.load("plain", FRAME.drop(columns="tel"), key="id", time="at", lon="lon", lat="lat")
        yield made


def seen(city, rule, layer="requests"):
    """Return the rows, the columns and the marks that a rule lets somebody see."""
    text = f'{SECRET}[[allow]]\nwho = "zhao"\ndo = "read"\nlayers = "*"\n{rule}\n'
    permits = Permits(city, Policy.from_toml(text, name="policy.toml"))
    try:
        shown = permits.city_for(Principal("zhao"))
        rows = shown.query(layer).rows().table.to_pylist()
        entry = shown.layer(layer)
        return rows, [attribute.name for attribute in entry.attributes], entry.personal
    finally:
        permits.close()


@pytest.mark.parametrize(
    ("by_mark", "by_name", "marks"),
    [
        ('personal = "hide"', 'hide = ["phone", "reporter"]', ()),
        ('personal = "drop"', 'mask = {phone = "drop", reporter = "drop"}', ()),
        ('personal = "hash"', 'mask = {phone = "hash", reporter = "hash"}', ("phone", "reporter")),
        ('personal = "hash"\nhide = "phone"', 'mask = {reporter = "hash"}\nhide = "phone"', ("reporter",)),
        ('personal = "hide"\ncolumns = ["n", "phone"]', 'columns = "n"', ()),
        ('personal = "hide"\nmask = {phone = "drop"}', 'hide = "reporter"\nmask = {phone = "drop"}', ()),
        (
            'personal = "drop"\nmask = {phone = "hash"}',
            'mask = {phone = "hash", reporter = "drop"}',
            ("phone",),
        ),
        ('personal = "drop"\ncolumns = ["n", "phone"]', 'columns = "n"\nmask = {phone = "drop"}', ()),
        ('personal = "show"', "", ("phone", "reporter")),
    ],
)
def test_personal_columns_are_granted_and_masked_as_a_group(city, by_mark, by_name, marks):
    marked = seen(city, by_mark)
    assert marked == seen(city, by_name)
    assert marked[2] == marks


def test_a_layer_without_marks_is_seen_whole(city):
    assert seen(city, 'personal = "drop"', "plain") == seen(city, "", "plain")


def test_what_rows_are_known_by_cannot_be_hidden_as_personal(city, tmp_path):
    text = DEFINITION.replace('"reporter", "tel"', '"id"')
    with stcloud.create(tmp_path / "city", crs="EPSG:4549", zone="Asia/Shanghai") as made:
        made.load("requests", FRAME, definition=stcloud.Definition.from_toml(text, name="requests.toml"))
        with pytest.raises(InvalidDefinition) as refused:
            seen(made, 'personal = "hide"')
    assert "is made of column 'id'" in refused.value.faults[0]
