"""A literal of time without an offset is on the city's wall clock: in every operator, as text and as JSON."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.paas.query.filter import Checker, Names, evaluate, parse_filter
from stcloud.paas.query.filter.literal import protect_text, restore
from stcloud.testing.logic import evaluate as expected
from stcloud.time import Zone

DOCS = Path(__file__).parents[4] / "docs"
ZONES = ("Asia/Shanghai", "America/New_York")
START = datetime(2024, 3, 5, 12, tzinfo=UTC)
HOURS = [START + timedelta(hours=number) for number in range(60)]
LITERALS = {
    "no offset": "2024-03-06T12:00:00",
    "Z": "2024-03-06T12:00:00Z",
    "an offset": "2024-03-06T12:00:00+05:30",
    "a fraction": "2024-03-06T12:00:00.5",
    "minutes": "2024-03-06T12:00",
    "a space": "2024-03-06 12:00:00",
}
LATER = "2024-03-07T01:00:00"
TIMES = {
    **{sign: f"time {sign} TIMESTAMP('{{at}}')" for sign in ("=", "<>", "<", "<=", ">", ">=")},
    "turned": "TIMESTAMP('{at}') < time",
    "between": f"time BETWEEN TIMESTAMP('{{at}}') AND TIMESTAMP('{LATER}')",
    "in": f"time IN (TIMESTAMP('{{at}}'), TIMESTAMP('{LATER}'))",
    "not in": f"time NOT IN (TIMESTAMP('{{at}}'), TIMESTAMP('{LATER}'))",
    "lower case, spaces": "time >= timestamp ( '{at}' )",
    "after": "T_AFTER(time, TIMESTAMP('{at}'))",
    "before": "T_BEFORE(time, TIMESTAMP('{at}'))",
    "equals": "T_EQUALS(time, TIMESTAMP('{at}'))",
    "disjoint": "T_DISJOINT(time, TIMESTAMP('{at}'))",
    "interval": f"T_INTERSECTS(time, INTERVAL('{{at}}', '{LATER}'))",
    "interval of timestamps": f"T_INTERSECTS(time, INTERVAL(TIMESTAMP('{{at}}'), TIMESTAMP('{LATER}')))",
    "mixed bounds": f"T_INTERSECTS(time, INTERVAL(TIMESTAMP('{{at}}'), '{LATER}'))",
    "a day and an instant": "T_AFTER(time, INTERVAL(DATE('2024-03-05'), '{at}'))",
    "open end": "T_INTERSECTS(time, INTERVAL('{at}', '..'))",
    "open start": "T_AFTER(time, INTERVAL('..', '{at}'))",
    "period": f"T_DURING(INTERVAL(time, done), INTERVAL('{{at}}', '{LATER}'))",
    "started by": f"T_CONTAINS(INTERVAL('{{at}}', '{LATER}'), INTERVAL(time, done))",
    "within others": "NOT (time < TIMESTAMP('{at}') OR note = 'TIMESTAMP(''2020-01-01T00:00:00'')')",
}


def checked(what, zone):
    attributes = {"note": Attribute("note", "note", "text"), "done": Attribute("done", "done", "instant")}
    return Checker(Names.of_events(attributes), Zone(zone)).condition(parse_filter(what))


def table():
    kind = pa.timestamp("us", "UTC")
    done = [one + timedelta(hours=2) for one in HOURS]
    return pa.record_batch({
        "st_time": pa.array(HOURS, kind), "done": pa.array(done, kind), "note": pa.array(["a"] * len(HOURS)),
    })  # fmt: skip


def written(text):
    """The filter as JSON, its literals as they are written, without the parser's word on them."""
    tree = parse_filter(text.replace("{at}", "2000-01-01T00:00:00Z").replace(LATER, "2001-01-01T00:00:00Z"))
    return json.dumps(tree)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("literal", LITERALS)
@pytest.mark.parametrize("form", TIMES)
def test_every_operator_reads_a_literal_on_the_citys_clock(form, literal, zone):
    at = LITERALS[literal]
    as_json = written(TIMES[form]).replace("2000-01-01T00:00:00Z", at).replace("2001-01-01T00:00:00Z", LATER)
    rows = [
        {"time": one, "done": one + timedelta(hours=2), "note": "a"} for one in HOURS
    ]  # the oracle reads literals by itself
    wanted = [expected(json.loads(as_json), one, ZoneInfo(zone)) for one in rows]
    for what in (TIMES[form].format(at=at), as_json, json.loads(as_json)):
        assert evaluate(checked(what, zone), table()).to_pylist() == wanted
    assert len(set(wanted)) == 2 or literal == "a fraction" or form in ("equals", "=", "<>", "disjoint")


def test_one_instant_in_two_cities_is_two_instants():
    counts = {
        zone: sum(evaluate(checked("time < TIMESTAMP('2024-03-06T12:00:00')", zone), table()).to_pylist())
        for zone in ZONES
    }
    assert counts == {"Asia/Shanghai": 16, "America/New_York": 29}


def literals_of_docs():
    """Give the literals of time that pages mention, with the page."""
    pattern = re.compile(r"\b(?:DATE|TIMESTAMP|INTERVAL)\([^()]*?'[^()]*\)", re.IGNORECASE)
    for page in sorted(DOCS.rglob("*.md")):
        for text in pattern.findall(page.read_text(encoding="utf-8")):
            if "…" not in text and "02-30" not in text:  # what is impossible is refused elsewhere
                yield pytest.param(text, id=f"{page.stem} {text}")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("literal", list(literals_of_docs()))
def test_every_literal_of_the_pages_is_read_where_the_city_is(literal, zone):
    names = re.findall(r"\b[a-z]+_at\b", literal)
    for name in names:
        literal = literal.replace(name, "done")
    what = f"T_INTERSECTS(time, {literal})"
    tree = parse_filter(what)
    for text in re.findall(r"'([^']*)'", literal):
        if re.search(r":\d\d.*(Z|[+-]\d\d:\d\d)$", text):
            continue  # an instant that says its offset may be written in UTC
        assert json.dumps(text) in json.dumps(tree), "as it is written"
    rows = [{"time": one, "done": one + timedelta(hours=2)} for one in HOURS]
    wanted = [expected(tree, one, ZoneInfo(zone)) for one in rows]
    found = evaluate(checked(what, zone), table())
    assert (found.to_pylist() if isinstance(found, pa.Array) else [found.as_py()] * len(rows)) == wanted


@pytest.mark.parametrize(
    "what",
    ["time > TIMESTAMP('2024-03-06T12:00:00', 'x')", "T_AFTER(time, DATE('2024-03-06', '2024-03-07'))"],
)
def test_a_second_text_is_not_dropped(what):
    with pytest.raises(InvalidInput, match="takes one text, found several"):
        parse_filter(what)


texts = st.text(alphabet="ab'\"(), TIMESTAMPinterval..0-:T", max_size=30)


@given(texts)
def test_what_is_protected_is_restored(text):
    """Law: in texts of every kind nothing but literals of time is touched, and these come back."""
    quoted = "'" + text.replace("'", "''") + "'"
    for form in (f"note = {quoted}", f'"{text.replace(chr(34), "")}" = TIMESTAMP({quoted})', text):
        try:
            changed = protect_text(form)
        except InvalidInput:
            continue
        assert changed.replace("\ue000'", "'") == form.replace("\ue000'", "'")
    assert restore({"args": [{"timestamp": text + "\ue000"}, text]}) == {"args": [{"timestamp": text}, text]}
