"""Groups as they are written, and values of groups read back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.paas.query.parse.groupvalue import described, group_text, read_value, split_group, value_of
from stcloud.space import parse_cell_size
from stcloud.time import Bin, Zone


@given(st.none() | st.text(), st.sampled_from(["note", '"a=b"', "in:areas.name"]))
def test_a_text_that_was_written_as_a_group_reads_back(value: str | None, by: str) -> None:
    written = group_text(by, value)
    assert (by, written.removeprefix(f"{by}=")) in split_group(written)
    assert read_value(written.removeprefix(f"{by}=")) == value


@given(
    st.sampled_from(list(Bin)),
    st.integers(-(10**16), 10**17),
    st.sampled_from(["Asia/Shanghai", "Pacific/Auckland"]),
)
def test_a_label_of_a_bin_reads_back_as_its_number(by: Bin, at_us: int, zone: str) -> None:
    (number,) = by.numbers(np.array([at_us]), Zone(zone)).tolist()
    assert value_of(by, str(by.label(number)), Zone(zone)) == number


@given(
    st.lists(st.none() | st.sampled_from(["", "none", '"none"', "a", '"a"', "null"]), min_size=2, max_size=2)
)
def test_two_groups_are_never_described_alike(values: list[str | None]) -> None:
    first, second = (described("note", value) for value in values)
    assert (first == second) == (values[0] == values[1])


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "-9007199254740993", -9007199254740993), ("number", "0.1", 0.1), ("boolean", "false", False),
        ("date", "2024-03-05", "2024-03-05"), ("text", " a ", " a "),
        ("instant", "1970-01-01T08:00:00.000001+08:00", 1),
    ],
)  # fmt: skip
def test_values_of_columns_are_read_by_their_type(kind: str, text: str, value: object) -> None:
    read = value_of(Attribute("c", "c", kind), text, Zone("Asia/Shanghai"))
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("size", "text"),
    [("100m", "145448039"), ("500m", "25544803900"), ("250m", "55544803900"), ("1km", "x"), ("1km", "0")],
)
def test_a_cell_of_another_size_is_no_group(size: str, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        value_of(parse_cell_size(size), text, Zone("UTC"))
    assert refused.value.kind == "unreadable-group"
