"""Facts come as tables, readers and streams, in the types of facts."""

import pandas as pd
import pyarrow as pa
import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.case.evaluation.factbatches import BATCH_ROWS, batches_of, read_facts
from stcloud.testing.casefacts import case_facts

NAMES = ["number", "due_at", "department"]
FACTS_TABLE = case_facts(500, seed=4)


def rows_of(facts):
    return [row for batch in batches_of(read_facts(facts), NAMES) for row in batch.to_pylist()]


def test_tables_readers_and_streams_give_the_same_rows():
    expected = FACTS_TABLE.select(NAMES).to_pylist()
    reader = FACTS_TABLE.to_reader(max_chunksize=100)
    assert rows_of(FACTS_TABLE) == rows_of(reader) == expected
    frame = FACTS_TABLE.to_pandas()
    assert [row["number"] for row in rows_of(frame)] == [row["number"] for row in expected]
    assert isinstance(frame["due_at"].dtype, pd.DatetimeTZDtype)


def test_instants_of_another_unit_and_coded_texts_are_read():
    changed = FACTS_TABLE.set_column(
        FACTS_TABLE.column_names.index("due_at"),
        "due_at",
        FACTS_TABLE["due_at"].cast(pa.timestamp("ms", "Asia/Shanghai")),
    )
    place = FACTS_TABLE.column_names.index("department")
    changed = changed.set_column(place, "department", changed["department"].dictionary_encode())
    assert rows_of(changed) == FACTS_TABLE.select(NAMES).to_pylist()


def test_batches_are_bounded():
    table = pa.table({"number": pa.array(["a"]).take(pa.array([0] * (BATCH_ROWS + 1)))})
    for facts in (table, table.to_reader()):
        assert [batch.num_rows for batch in batches_of(facts, ["number"])] == [BATCH_ROWS, 1]


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (FACTS_TABLE.drop_columns(["due_at"]), "the cases have no column 'due_at'"),
        (
            FACTS_TABLE.drop_columns(["due_at"]).append_column("due_at", pa.array(["soon"] * 500)),
            "is not what facts have",
        ),
    ],
)
def test_what_are_no_facts_is_refused(facts, text):
    with pytest.raises(InvalidInput, match=text) as caught:
        rows_of(facts)
    assert caught.value.kind == "not-facts"
