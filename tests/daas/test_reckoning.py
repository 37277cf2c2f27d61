"""What became of a load: as an entry of the ledger, and back."""

import pytest

from stcloud.daas.reckoning import PURGE, Reckoning
from stcloud.errors import FormatError

LOAD = Reckoning(
    "ab12", "calls", "calls.csv", "append", 1_709_300_000_000_000, read=5, accepted=3, rejected=2,
    rejected_by={"no place": 2}, new_columns=("cost",), notes=("2 times were ambiguous",), complete_by="given",
)  # fmt: skip


def read(row):
    """Return what the ledger gives of a row: the instant is a number, and the rest as it was written."""
    return Reckoning.from_row(row | {"recorded_at": LOAD.recorded_at_us})


@pytest.mark.parametrize(
    "load", [LOAD, Reckoning("cd34", "calls", "", PURGE, LOAD.recorded_at_us, purged=4, scope={"where": "x"})]
)
def test_a_row_of_the_ledger_says_all(load):
    assert read(load.to_row()) == load


def test_rows_that_are_read_add_up():
    assert LOAD.adds_up
    assert not Reckoning("ab12", "calls", "calls.csv", "append", 0, read=5, accepted=3).adds_up


def test_an_entry_that_lacks_fields_is_no_reckoning():
    with pytest.raises(FormatError) as damaged:
        Reckoning.from_row({"load": "ab12", "layer": "calls"})
    assert damaged.value.kind == "damaged-table"
