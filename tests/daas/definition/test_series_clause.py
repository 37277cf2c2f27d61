"""The clause of a series: what it says, what is refused, and that definitions without it mean what they did."""

import pytest

from stcloud.daas.definition import Definition
from stcloud.daas.definition.series import read_completeness, read_step
from stcloud.daas.definition.unit import UNITS, conversion
from stcloud.errors import InvalidDefinition
from stcloud.iaas.bundle import bundled_text
from stcloud.testing.events import define
from stcloud.testing.readings import LONG, WIDE


def faults(text):
    with pytest.raises(InvalidDefinition) as caught:
        Definition.from_toml(text, name="air.toml")
    return str(caught.value)


@pytest.mark.parametrize("text", [WIDE, LONG, bundled_text("layers", "beijing-air.toml")])
def test_a_definition_is_written_and_read_back(text):
    definition = Definition.from_toml(text, name="air.toml")
    assert Definition.from_toml(definition.to_toml(), name="again.toml") == definition


def test_definitions_of_before_keep_their_digest():
    # What this text gave before there were series.
    assert define().digest() == "79a6618438c54333"
    assert (
        Definition.from_toml(bundled_text("layers", "nyc-311.toml"), name="nyc").digest()
        == "d3e8cc73be442c04"
    )


def test_units_limits_and_steps_do_not_change_what_rows_are():
    wide = Definition.from_toml(WIDE, name="air.toml")
    other = WIDE.replace("[0, 1000]", "[0, 500]").replace('step = "1h"', 'step = "30min"')
    other = other.replace('"sensors"', '"stations"').replace(
        '{ unit = "mg/m3", from = "ug/m3" }', '{ unit = "ug/m3" }'
    )
    assert Definition.from_toml(other, name="air.toml").digest() == wide.digest()
    assert Definition.from_toml(LONG, name="air.toml").digest() != wide.digest()
    assert Definition.from_toml(WIDE.replace("CO =", "O3 ="), name="air.toml").digest() != wide.digest()


def test_key_and_columns_follow_from_it():
    wide = Definition.from_toml(WIDE, name="air.toml")
    assert wide.key_columns == ("station", "time")
    assert wide.required == ("station", "time", "PM2.5", "CO")
    assert wide.column("PM2.5").type == "number"
    assert wide.column("CO").unit == "ug/m3"  # as the file has it
    assert Definition.from_toml(LONG, name="air.toml").key_columns == ("station", "time", "pollutant")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (WIDE.replace('"mg/m3", from', '"mgm3", from'), "unknown unit 'mgm3'; nearest: mg/m3"),
        (WIDE.replace('from = "ug/m3"', 'from = "hPa"'), "'hPa' is a unit of pressure and 'mg/m3' of mass"),
        (WIDE.replace("[0, 1000]", "[5, 1]"), "hold nothing: the lower one comes first"),
        (WIDE.replace('"1h"', '"hourly"'), "series.step: 'hourly' is no step: write e.g. 10min, 1h or 1d"),
        (WIDE.replace("18 of 24", "75%"), "series.complete: '75%' states no completeness: write e.g. 18 of 24"),
        (WIDE.replace("18 of 24", "25 of 24"), "states no completeness"),
        (WIDE.replace('step = "1h"\n', ""), "complete counts steps: state the step"),
        (LONG.replace('value = "amount"\n', ""), "a long file has two columns"),
        (WIDE.replace('kind = "event"', 'kind = "event"\nkey = ["id"]'), "leave out key"),
        (WIDE.replace('"station"\n', '"station"\nstasions = "x"\n', 1), "did you mean 'stations'?"),
        (WIDE + '[columns.CO]\ntype = "text"\n', "column 'CO' has measured values: its type is number"),
        (WIDE.replace('column = "time"', 'column = "time"\nend = "until"'), "a reading is of an instant"),
        (WIDE.replace('column = "time"', 'column = "t"\ncolumns = { year = "y", month = "m", day = "d" }'),
         "name column or columns"),
        (WIDE.replace('column = "time"', ""), "time.column: Field required"),
        (WIDE.replace('column = "time"', 'columns = { year = "y", day = "d" }'), "time.columns.month: Field"),
        (define().to_toml().replace('lon = "lon"', "none = true").replace('lat = "lat"', ""), "space.none is for"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text, says):
    assert says in faults(text)


def test_every_unit_becomes_every_other_of_its_dimension_and_back():
    for source, dimension in UNITS.items():
        for target in (unit for unit, other in UNITS.items() if other == dimension):
            there, back = conversion(source, target), conversion(target, source)
            value = (7.0 * there.factor + there.offset) * back.factor + back.offset
            assert value == pytest.approx(7.0)


@pytest.mark.parametrize(
    ("source", "target", "value", "becomes"),
    [("mg/m3", "ug/m3", 1.5, 1500), ("degF", "degC", 212, 100), ("K", "degC", 273.15, 0), ("degC", "degF", -40, -40),
     ("mbar", "hPa", 1013, 1013), ("km/h", "m/s", 36, 10), ("kn", "m/s", 1, 0.514444)],
)  # fmt: skip
def test_conversions_are_those_of_the_tables(source, target, value, becomes):
    change = conversion(source, target)
    assert value * change.factor + change.offset == pytest.approx(becomes, rel=1e-5)


def test_completeness_is_in_proportion():
    demand = read_completeness("18 of 24")
    assert [demand.required(steps) for steps in (0, 1, 23, 24, 25, 720)] == [1, 1, 18, 18, 19, 540]
    assert read_step("15min") == 900_000_000
