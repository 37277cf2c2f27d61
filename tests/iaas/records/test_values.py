"""Both databases keep the same values, or neither does."""

import math

import pytest

from stcloud.errors import FormatError, InvalidInput
from stcloud.iaas.records.values import canonical, fields_of
from tests.iaas.records.conftest import action, batch, note


def test_fields_are_one_text_whatever_their_order():
    assert canonical({"b": 1, "a": "井"}) == canonical({"a": "井", "b": 1}) == '{"a":"井","b":1}'
    assert canonical({}) == "{}"


def test_fields_come_back():
    fields = {"a": "井\0\n", "b": None, "c": 0.1, "d": True, "e": 2**70}
    assert fields_of(canonical(fields)) == fields


@pytest.mark.parametrize(
    "fields", [{"a": [1]}, {"a": {}}, {1: "a"}, {"a": math.nan}, {"a": math.inf}, {"a": b"x"}]
)
def test_fields_of_other_types_are_refused(records, fields):
    with pytest.raises(InvalidInput) as refused:
        records.append(batch(action(fields=fields)))
    assert refused.value.kind == "bad-field"


@pytest.mark.parametrize(
    "values",
    [
        {"actor": "a\0"},
        {"post": "\ud800"},
        {"happened_us": 2**63},
        {"lon": math.nan},
        {"fields": {"a": "\udc00"}},
    ],
)
def test_values_that_one_database_cannot_keep_are_refused(records, values):
    entry = action()
    object.__setattr__(entry, next(iter(values)), next(iter(values.values())))
    with pytest.raises(InvalidInput) as refused:
        records.append(batch(entry))
    assert refused.value.kind == "bad-value"
    assert records.log("A") == []


def test_a_private_text_is_not_in_its_refusal(records):
    with pytest.raises(InvalidInput) as refused:
        records.append(batch(action(), private=[note(value="geheim\0")]))
    assert (refused.value.kind, "geheim" in str(refused.value)) == ("bad-value", False)


def test_fields_that_are_no_json_are_damage():
    with pytest.raises(FormatError):
        fields_of("{")
