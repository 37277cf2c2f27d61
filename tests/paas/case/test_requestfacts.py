"""Facts of requests are what `RequestColumns.request` says of each of them, read at an instant."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stcloud.paas.case.facts import FACTS, INSTANT
from stcloud.paas.case.requested import RequestColumns
from stcloud.paas.case.requestfacts import request_facts

SEEN = 50
TYPES = {
    "st_key": pa.string(), "st_time": INSTANT, "st_unit": pa.string(), "lon": pa.float64(), "lat": pa.float64(),
    "what": pa.string(), "by": pa.string(), "how": pa.string(), "status": pa.string(), "due": INSTANT,
    "closed": INSTANT, "cancelled": INSTANT, "changed": INSTANT,
}  # fmt: skip
US = st.integers(0, 60)
ROWS = st.fixed_dictionaries({
    "st_time": US, "st_unit": st.sampled_from((None, "350203001001001", "350203")),
    "lon": st.sampled_from((None, 118.5)), "lat": st.just(24.5), "what": st.sampled_from((None, " a  b ", "")),
    "by": st.sampled_from((None, "roads")), "how": st.just("phone"),
    "status": st.sampled_from((None, "", "Done", "Void", "New")), "due": st.none() | US, "closed": st.none() | US,
    "cancelled": st.none() | US, "changed": st.none() | US,
})  # fmt: skip
COLUMNS = st.fixed_dictionaries(
    {"definition": st.just("desk")},
    optional={
        "class": st.just("what"), "department": st.just("by"), "source": st.just("how"), "status": st.just("status"),
        "due": st.just("due"), "closed": st.just("closed"), "cancelled": st.just("cancelled"),
        "changed": st.just("changed"), "closed_when": st.just(("Done",)), "cancelled_when": st.just(("Void",)),
        "kind": st.just("matter"),
    },
)  # fmt: skip


def plain(row, columns, at_us):
    """The facts of one request, by hand; None: it is not reported by then."""
    request = columns.request({**row, "seen": SEEN, "cell": row["st_unit"]})
    if request.opened_us > at_us:
        return None
    ended_us = max(SEEN if request.ended_us is None else request.ended_us, request.opened_us)
    ended = request.ended if ended_us <= at_us else None
    cell, due = request.facts.get("cell"), request.facts.get("due")
    facts = dict.fromkeys(FACTS.names) | dict.fromkeys(
        ("reworks", "extensions", "suspensions", "returns", "urgings"), 0
    )
    facts |= dict.fromkeys(("suspended", "exempt", "forced", "self_handled", "verified_public"), False)
    facts |= {
        name: request.facts.get(name) for name in ("kind", "class", "department", "source", "lon", "lat")
    }
    begun = None if ended == "cancelled" else request.opened_us
    return facts | {
        "number": request.number, "counted": ended != "cancelled", "cancelled": ended == "cancelled",
        "open": ended is None, "cell": cell, "district": cell and cell[:6],
        "street": cell[:9] if cell and len(cell) > 8 else None,
        "community": cell[:12] if cell and len(cell) > 11 else None,
        "reported_at": request.opened_us, "filed_at": begun, "dispatched_at": begun,
        "handled_at": ended_us if ended == "closed" else None, "closed_at": ended_us if ended == "closed" else None,
        "due_at": due, "started_at": None if due is None else request.opened_us,
        "due_provisional": None if due is None else False, "recorded_at": SEEN,
    }  # fmt: skip


@given(rows=st.lists(ROWS, max_size=6), stated=COLUMNS, at_us=US)
def test_facts_of_requests_are_those_of_each(rows, stated, at_us):
    columns = RequestColumns.model_validate(stated)
    rows = [{"st_key": f"R{number}", **row} for number, row in enumerate(rows)]
    arrays = [
        pa.array([row[name] for row in rows], pa.int64()).cast(INSTANT) if kind == INSTANT
        else pa.array([row[name] for row in rows], kind)
        for name, kind in TYPES.items()
    ]  # fmt: skip
    batch = pa.record_batch(arrays, names=[*TYPES])
    table = request_facts([batch], columns, at_us, seen_us=SEEN).read_all()
    made = [
        {
            name: value.cast(pa.int64()).as_py() if value.type == INSTANT else value.as_py()
            for name, value in ((field.name, table.column(field.name)[place]) for field in FACTS)
        }
        for place in range(table.num_rows)
    ]
    expected = [facts for row in rows if (facts := plain(row, columns, at_us)) is not None]
    assert made == expected
