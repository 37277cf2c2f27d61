"""Definitions: a closed document that tells all its faults, and an identity that titles do not touch."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.daas.definition import ColumnClause, Definition, ReadClause, SpaceClause, TimeClause
from stcloud.errors import InvalidDefinition
from stcloud.testing.definitions import columns, definitions
from stcloud.testing.examples import examples

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "definition.md"

PLAIN = """
id = "potholes"
kind = "event"
key = ["id"]

[time]
column = "opened"

[space]
lon = "lon"
lat = "lat"
"""

MODELS = {"read": ReadClause, "time": TimeClause, "space": SpaceClause, "columns": ColumnClause}


def read(text):
    return Definition.from_toml(text, name="potholes.toml")


def faults(text):
    with pytest.raises(InvalidDefinition) as caught:
        read(text)
    assert caught.value.kind == "invalid-definition"
    assert str(caught.value).startswith("potholes.toml")
    return caught.value.faults


@given(definitions())
@settings(deadline=None, max_examples=examples(200))
def test_a_definition_survives_being_written_and_read(definition):
    """Law: from_toml(to_toml(x)) == x, and its identity stays."""
    again = read(definition.to_toml())
    assert again == definition
    assert again.digest() == definition.digest()


@given(definitions(), st.text("abc"), st.text("abc"))
@settings(deadline=None, max_examples=examples(50))
def test_titles_are_not_a_part_of_the_identity(definition, title, unit):
    """Law: the digest of a definition does not depend on id, title, source, nor columns' titles and units."""
    named = {
        name: one.model_copy(update={"title": title, "unit": unit})
        for name, one in definition.columns.items()
    }
    other = definition.model_copy(update={"id": "other", "title": title, "source": unit, "columns": named})
    assert other.digest() == definition.digest()


@given(definitions(), columns())
@settings(deadline=None, max_examples=examples(50))
def test_whatever_else_differs_is_another_identity(definition, column):
    """Law: a column more, another zone or another null word is another meaning."""
    more = definition.model_copy(update={"columns": {**definition.columns, "one more column": column}})
    zone = "Asia/Tokyo"
    elsewhere = definition.model_copy(update={"time": definition.time.model_copy(update={"zone": zone})})
    nothing = definition.model_copy(update={"null": (*definition.null, "one more word")})
    assert len({one.digest() for one in (definition, more, elsewhere, nothing)}) == 4


def test_a_mark_of_what_is_no_column_is_refused_where_all_columns_are_known():
    closed = 'extra_columns = "refuse"\npersonal = ["{}"]\n' + PLAIN + '[columns.tel]\nrename = "phone"\n'
    assert (
        read(closed.format("phone")).personal_columns
        == read(closed.format("tel")).personal_columns
        == ("phone",)
    )
    assert read(closed.format("id")).personal_columns == ("id",)
    assert faults(closed.format("phon")) == (
        "personal names 'phon', which is no column; did you mean 'phone'?",
    )
    assert read(closed.replace("refuse", "keep").format("phon")).personal == ("phon",)  # a file may have it


def test_defaults_say_as_much_as_nothing():
    spelled = (
        'null = [""]\nduplicates = "last"\nextra_columns = "keep"\n' + PLAIN + "[read]\nencoding = 'utf-8'\n"
    )
    assert read(spelled).digest() == read(PLAIN).digest()
    assert read(spelled).to_toml() == read(PLAIN).to_toml()


@pytest.mark.parametrize(
    ("text", "where", "meant"),
    [
        ('titel = "x"\n' + PLAIN, "titel", "title"),
        (PLAIN + '[read]\nencodng = "latin-1"\n', "read.encodng", "encoding"),
        (PLAIN.replace("[space]", 'colunm = "x"\n[space]'), "time.colunm", "column"),
        (PLAIN + 'dutum = "gcj02"\n', "space.dutum", "datum"),
        (PLAIN + "[columns.status]\noptionl = true\n", "columns.status.optionl", "optional"),
    ],
)
def test_an_unknown_key_names_the_nearest(text, where, meant):
    assert faults(text) == (f"{where}: unknown key; did you mean '{meant}'?",)


def test_an_unknown_key_like_no_other_proposes_nothing():
    assert faults("xyzzy = 1\n" + PLAIN) == ("xyzzy: unknown key",)


@pytest.mark.parametrize("model", [Definition, *MODELS.values()])
def test_every_table_is_closed(model):
    assert model.model_config["extra"] == "forbid"


def test_all_faults_are_told_at_once():
    found = faults(
        """
        id = "Pot holes"
        kind = "happening"
        titel = "x"
        [time]
        formats = ["%d/%m/%Y %I:%M"]
        [space]
        x = "x"
        y = "y"
        [columns.closed]
        type = "datetime"
        zone = "Europe/Pariss"
        """
    )
    told = {one.partition(": ")[0] for one in found}
    assert {"id", "kind", "titel", "time.column", "space", "columns.closed.type"} <= told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            PLAIN.replace('"opened"', '"opened"\nformats = ["%Y-%m-%d %Q"]'),
            "time: time format '%Y-%m-%d %Q': %Q",
        ),
        (PLAIN.replace('"opened"', '"opened"\nzone = "Asia/Shanghia"'), "did you mean 'Asia/Shanghai'"),
        (PLAIN.replace('lat = "lat"', ""), "space: lon is named without lat: a place needs both"),
        (PLAIN.replace('lon = "lon"\nlat = "lat"', ""), "space: name lon and lat, or x, y and crs"),
        (PLAIN + 'x = "x"\ny = "y"\ncrs = "EPSG:2263"\n', "space: name lon and lat, or x, y and crs"),
        (PLAIN.replace("lon = ", "x = ").replace("lat = ", "y = "), "space: crs must be declared"),
        (PLAIN + 'crs = "EPSG:2263"\n', "space: crs EPSG:2263 is not in degrees"),
        (
            PLAIN.replace("lon = ", "x = ").replace("lat = ", "y = ")
            + 'crs = "EPSG:2263"\ndatum = "gcj02"\n',
            "space: datum gcj02 shifts degrees",
        ),
        (PLAIN + "[columns.st_key]\n", "the prefix st_ is stcloud's own"),
        (PLAIN + '[columns.status]\nrename = "ST_KEY"\n', "the prefix st_ is stcloud's own"),
        (
            PLAIN + '[columns.closed]\ntype = "instant"\nformats = ["%d.%m."]\n',
            "columns.closed: time format '%d.%m.'",
        ),
    ],
)
def test_a_fault_says_where_and_what(text, said):
    (fault,) = faults(text)
    assert said in fault


def test_a_syntax_error_gives_the_line():
    broken = PLAIN.replace('column = "opened"', 'column = "opened')
    line = broken.splitlines().index('column = "opened') + 1
    with pytest.raises(InvalidDefinition, match=f"potholes.toml is not TOML: .*line {line}\\b") as caught:
        read(broken)
    assert caught.value.kind == "not-toml"
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(broken)


def test_what_goes_without_saying():
    definition = read(
        PLAIN.replace('"opened"', '"opened"\nend = "closed"\nformats = ["%d.%m.%Y"]\nzone = "UTC"')
    )
    moment = ColumnClause(type="instant", formats=("%d.%m.%Y",), zone="UTC")
    assert definition.column("opened") == definition.column("closed") == moment
    assert definition.column("lon") == definition.column("lat") == ColumnClause(type="number")
    assert definition.column("anything") == ColumnClause()


def test_what_must_be_in_the_file():
    definition = read(PLAIN + "[columns.status]\n[columns.note]\noptional = true\n")
    assert definition.required == ("id", "opened", "lon", "lat", "status")


@pytest.mark.parametrize("model", [Definition, *MODELS.values()])
def test_the_page_tells_every_key(model):
    told = re.findall(r"^\| (`.+?`) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    keys = {key for cell in told for key in re.findall(r"`(\w+)`", cell)}
    assert set(model.model_fields) <= keys


def test_the_page_tells_every_reason():
    page = PAGE.read_text(encoding="utf-8")
    package = Path(__file__).resolve().parents[3] / "stcloud"
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((package / "daas").rglob("*.py")))
    text += "".join(path.read_text(encoding="utf-8") for path in sorted((package / "iaas").rglob("*.py")))
    calls = re.findall(r"(?:faults\.add|intake\.refuse|Refusal|_unplace)\((.*)\)$", text, re.MULTILINE)
    reasons = {found[1] for call in calls if (found := re.search(r'"([a-z]+(?:-[a-z]+)*)[^"]*"\)*$', call))}
    assert {"missing-key", "not-a-point", "known-key", "zero", "outside"} <= reasons
    assert {reason for reason in reasons if f"| `{reason}` |" not in page} == set()


def test_the_worked_example_is_a_definition():
    example = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    definition = Definition.from_toml(example, name="hotline.toml")
    assert definition.id == "hotline"
    assert definition.columns["Art"].values["Schlagloch"] == "pothole"
