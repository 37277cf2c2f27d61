"""A definition says which of its columns hold codes of classes; they are named in its language, or the city's."""

import pytest

from stcloud.daas.definition import Definition
from stcloud.errors import InvalidDefinition
from stcloud.paas.case.classes import bundled_classes
from stcloud.paas.case.classes.coding import coded_columns

HEAD = (
    'id = "cases"\nkind = "event"\nkey = ["id"]\n{}\n[time]\ncolumn = "at"\n[space]\nlon = "x"\nlat = "y"\n'
)


def definition(columns, top=""):
    return Definition.from_toml(f"{HEAD.format(top)}[columns]\n{columns}\n", name="cases.toml")


def names(columns, top="", language="en"):
    coded = coded_columns(definition(columns, top), bundled_classes, language)
    return {name: column.name_of for name, column in coded.items()}


def test_a_column_is_named_from_its_own_table():
    coded = names('a = { codes = "component-2026" }\nb = { codes = "matter-2026" }\nc = {}')
    assert coded.keys() == {"a", "b"}
    assert coded["a"](None, "01001") == "Water-supply manhole cover"
    assert coded["b"](None, "01001") == "Abnormal water-supply manhole cover"
    assert coded["a"](None, "99910101001000001") == "Water-supply manhole cover"
    assert coded["a"](None, "0101") is None  # a code of the other edition
    assert coded["a"](None, "no code") is None


def test_major_classes_are_of_the_edition_of_the_table():
    coded = names('a = { codes = "matter-2026" }\nb = { codes = "matter-2013" }')
    assert (coded["a"](None, "03"), coded["b"](None, "03")) == (
        "Abnormal city appearance and sanitation facilities",
        "Construction sites",
    )


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("component", "Water-supply manhole cover"),
        ("部件", "Water-supply manhole cover"),
        ("matter", "Abnormal water-supply manhole cover"),
        ("Event", "Abnormal water-supply manhole cover"),
        ("事件", "Abnormal water-supply manhole cover"),
        (" 事项 ", "Abnormal water-supply manhole cover"),
        ("other", None),
        (None, None),
    ],
)
def test_a_table_of_both_kinds_needs_the_kind_where_both_have_the_number(kind, name):
    coded = names('a = { codes = "class-2026", kind_column = "kind" }')
    assert coded["a"](kind, "01001") == name
    assert coded["a"](None, "06010") == "Exposed refuse"


def test_the_language_is_the_definitions_or_else_the_citys():
    column = 'a = { codes = "matter-2026" }'
    assert names(column)["a"](None, "06010") == "Exposed refuse"
    assert names(column, language="zh")["a"](None, "06010") == "暴露垃圾"
    assert names(column, 'language = "zh"')["a"](None, "06010") == "暴露垃圾"
    assert names(column, 'language = "en"', "zh")["a"](None, "06010") == "Exposed refuse"


def test_a_renamed_column_is_coded_under_its_new_name():
    assert names('old = { codes = "matter-2026", rename = "new" }').keys() == {"new"}


def test_classes_are_read_when_a_code_is_named_and_not_before():
    def unread():
        raise AssertionError

    coded = coded_columns(definition('a = { codes = "matter-2026" }'), unread)
    with pytest.raises(AssertionError):
        coded["a"].label("06010")


@pytest.mark.parametrize(
    ("columns", "top", "fault"),
    [
        (
            'a = { codes = "matter-1999" }',
            "",
            "there is no table of codes 'matter-1999': it is one of class-2013",
        ),
        (
            'a = { codes = "matter-2026", type = "integer" }',
            "",
            "codes are text, and the type of the column is",
        ),
        (
            'a = { codes = "matter-2026", kind_column = "b" }',
            "",
            "kind_column belongs to codes of both kinds",
        ),
        ('a = { kind_column = "b" }', "", "kind_column belongs to codes of both kinds"),
        ("", 'language = "de"', "language: Input should be 'en' or 'zh'"),
    ],
)
def test_codes_that_make_no_sense_are_refused(columns, top, fault):
    with pytest.raises(InvalidDefinition) as refused:
        definition(columns, top)
    assert fault in str(refused.value)


def test_an_optional_column_that_is_declared_for_its_codes_is_read_as_one_that_is_not_declared():
    bare, column = definition("a = {}"), 'b = { codes = "matter-2026", optional = true, title = "class" }'
    coded = definition(f"a = {{}}\n{column}")
    assert coded.digest() == bare.digest()
    assert (coded.declares("b"), coded.declares("a")) == (False, True)
    assert definition(f"a = {{}}\n{column}", 'extra_columns = "ignore"').digest() != (
        definition("a = {}", 'extra_columns = "ignore"').digest()
    )
    needed = definition('a = {}\nb = { codes = "matter-2026" }')
    assert needed.digest() != bare.digest()
    assert needed.declares("b")


def test_what_is_said_of_codes_does_not_change_what_a_definition_means():
    bare = definition("a = {}")
    coded = definition('a = { codes = "class-2026", kind_column = "b" }', 'language = "zh"')
    assert coded.digest() == bare.digest()
    assert Definition.from_toml(coded.to_toml(), name="again.toml") == coded
