"""Tables of speeds: read whole or refused with all faults."""

import pyarrow as pa
import pytest

from stcloud.errors import InvalidDefinition
from stcloud.paas.reach.speedtable import SpeedTable


def test_classes_have_speeds_and_the_rest_has_another():
    table = SpeedTable.from_toml('column = "class"\n[speed_mps]\n"1" = 2\nmotorway = 0\n', name="speeds")
    assert table.speeds_of(pa.array(["1", "motorway", "lane", None]), 1.5).tolist() == [2, 0, 1.5, 1.5]
    assert table.speeds_of(pa.array([1, 2]), 1.5).tolist() == [2, 1.5]
    assert table.absent(pa.array(["lane", "1"])) == ["motorway"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1"),
        ("class,speed\nsteps,1\n", "line 1"),
        ("class,speed_mps\nsteps\n", "line 2: has 1 fields"),
        ("class,speed_mps\nsteps,1\nsteps,2\n", "line 3: 'steps' was there before"),
        ("class,speed_mps\nsteps,slow\n", "steps"),
        ("class,speed_mps\nsteps,-1\n", "steps"),
        ("class,speed_mps\nsteps,inf\n", "steps"),
        (",speed_mps\nsteps,1\n", "column"),
    ],
)
def test_a_table_with_faults_is_refused(text, fault):
    with pytest.raises(InvalidDefinition) as refused:
        SpeedTable.from_csv(text, name="speeds.csv")
    assert refused.value.kind == "invalid-definition"
    assert any(fault in line for line in refused.value.faults)


def test_a_document_with_faults_is_refused():
    with pytest.raises(InvalidDefinition) as refused:
        SpeedTable.from_toml("column = ", name="speeds.toml")
    assert refused.value.kind == "not-toml"
    with pytest.raises(InvalidDefinition) as refused:
        SpeedTable.from_document({"colunm": "class", "speed_mps": {}}, name="speeds")
    assert any("column" in line for line in refused.value.faults)
