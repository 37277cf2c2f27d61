"""Logs are read whole, in order, until an instant; in batches of any size."""

import pyarrow as pa
import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.records import Records
from tests.iaas.records.conftest import READER, action, batch, note


@pytest.fixture
def entries(records):
    """Entries of 7 cases in the order of recording; their cases are not in it."""
    return [
        records.append(
            batch(action(case, seq, fields={"n": seq}, lon=1.5), private=[note(case, seq, value="geheim")])
        )[0]
        for seq in (1, 2, 3)
        for case in ("b", "A", "Z", "井", "a-1", "a", "10")
    ]


def rows(parts):
    return [row for part in parts for row in part.to_pylist()]


@pytest.mark.parametrize("size", [1, 4, 7, 21, 1000])
def test_all_logs_are_read_in_order_of_bytes(records, entries, size):
    read = rows(records.logs(records.pin(), rows=size))
    assert [(row["case"], row["seq"]) for row in read] == sorted(
        ((entry.case, entry.seq) for entry in entries), key=lambda key: (key[0].encode(), key[1])
    )
    assert {row["recorded_us"] for row in read} == {entry.recorded_us for entry in entries}
    assert "geheim" not in str(read)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_what_was_recorded_between_two_instants_is_read_in_that_order(records, entries, size):
    instants = [entry.recorded_us for entry in entries]
    read = rows(records.recorded(instants[3], instants[12], rows=size))
    assert [row["recorded_us"] for row in read] == instants[4:13]
    assert [row["id"] for row in read] == [entry.id for entry in entries[4:13]]


def test_cases_that_state_a_field_later_are_named_and_none_is_missed(records, entries):
    instants = {(entry.case, entry.seq): entry.recorded_us for entry in entries}
    every = sorted({entry.case for entry in entries})
    assert records.cases_stating(["n"], 0) == every
    assert records.cases_stating(["m", "n"], instants["Z", 3]) == sorted(["井", "a-1", "a", "10"])
    assert records.cases_stating(["n"], instants["10", 3]) == []
    assert records.cases_stating(["lon"], 0) == []
    records.append(batch(action("b", 4, fields={"place": 1})))
    records.append(batch(action("new", 1, fields={"place": 1})))
    assert records.cases_stating(["place"], 0) == ["b"]


def test_a_log_at_an_instant_has_what_was_known_then(records, entries):
    log = [entry for entry in entries if entry.case == "a"]
    assert records.log("a") == log
    assert records.log("a", log[1].recorded_us) == log[:2]
    assert records.log("a", log[1].recorded_us - 1) == log[:1]
    assert records.log("a", log[0].recorded_us - 1) == []
    until = rows(records.logs(log[1].recorded_us, columns=["recorded_us"]))
    assert max(row["recorded_us"] for row in until) == log[1].recorded_us


def test_columns_are_of_one_type_whatever_is_in_them(records, entries):
    (part,) = records.logs(records.pin(), columns=["lat", "fields", "post", "lon"])
    assert part.schema == pa.schema(
        {"lat": pa.float64(), "fields": pa.string(), "post": pa.string(), "lon": pa.float64()}
    )
    assert part.column("fields")[0].as_py() == '{"n":1}'
    with pytest.raises(InvalidInput) as refused:
        list(records.logs(1, columns=["value"]))
    assert refused.value.kind == "unknown-column"


def test_an_empty_log_has_no_batches(records):
    assert list(records.logs(records.pin())) == []
    assert records.log("A") == []
    assert records.summary("A") is None


def test_reading_all_does_not_stop_who_writes(place, records, name, entries):
    parts = records.logs(records.pin(), rows=2)
    first = next(parts)
    with Records.open(place, name) as other:
        other.append(batch(action("0"), action("a", 4)))
    rest = rows(parts)
    assert len(first) + len(rest) == len(entries)


def test_private_values_are_there_for_who_asks(records, entries):
    assert records.private(READER, case="a")[0].value == "geheim"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 1000])
def test_whole_logs_are_all_logs_and_no_case_is_cut(records, entries, size):
    columns = ["seq", "case", "id"]
    parts = [*records.whole_logs(records.pin(), columns=columns, rows=size)]
    assert rows(parts) == rows(records.logs(records.pin(), columns=columns))
    cases = [case for part in parts for case in dict.fromkeys(part.column("case").to_pylist())]
    assert len(cases) == len(set(cases)) == 7
    assert all(part.num_rows and part.schema.names == columns for part in parts)
    assert [*rows(records.whole_logs(records.pin(), columns=["seq"], rows=size))] == [
        {"seq": n} for n in (1, 2, 3)
    ] * 7


def test_cases_that_are_linked_are_found_by_the_case_that_they_name(records):
    records.append(batch(action("M")))
    records.append(batch(action("D1"), link="M"))
    records.append(batch(action("D2"), link="M"))
    records.append(batch(action("X"), link="D1"))
    assert sorted(records.linked("M")) == ["D1", "D2"]
    assert records.linked("X") == []
