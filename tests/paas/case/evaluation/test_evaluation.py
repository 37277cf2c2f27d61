"""Evaluation is that of plain Python, case by case; and the laws of its numbers."""

import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, NotFound, Unsupported
from stcloud.paas.case.evaluation import evaluate, opened, read_scheme
from stcloud.paas.case.evaluation.evaluation import evaluate_plan
from stcloud.paas.case.evaluation.evaluationplan import EvaluationPlan
from stcloud.paas.case.facts import FACTS
from stcloud.testing.casefacts import FIRST_US, HOUR_US, as_table, case_facts, fact_rows
from stcloud.testing.indicatororacle import INDICATORS, members
from stcloud.time import Zone

ZONES = st.sampled_from(["Asia/Shanghai", "Pacific/Auckland"])
AT_US = FIRST_US + 1_030 * HOUR_US
GROUPS = ("department", "handler_post", "street", "class", "source")


def derived(rows):
    """Return rows with the truths that repeats add, drawn from what is there."""
    return [row | {"reported_again": row["reworks"] == 1, "repeats": row["returns"] == 2} for row in rows]


def facts_of(rows):
    table = as_table(rows)
    for name in ("reported_again", "repeats"):
        table = table.append_column(name, pa.array([row[name] for row in rows], pa.bool_()))
    return table


def percent(numerator, denominator):
    if not denominator:
        return None
    exact = Decimal(100 * numerator) / Decimal(denominator)
    return float(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


def values_of(name, rows, period_us=None):
    """Return what the oracle says of an indicator, by the names of its columns."""
    indicator = INDICATORS[name]
    numerator, denominator = members(indicator, rows, AT_US, period_us)
    if indicator.of is not None:
        counts = {f"{name}_numerator": len(numerator), f"{name}_denominator": len(denominator)}
        return {name: percent(len(numerator), len(denominator))} | counts
    if indicator.times is not None:
        return {name: sum(row[indicator.times] for row in numerator)}
    if indicator.hours is not None:
        first, last = indicator.hours
        total = sum(row[last] - row[first] for row in numerator)
        mean = Decimal(total) / Decimal(HOUR_US) / Decimal(len(numerator)) if numerator else None
        cents = None if mean is None else float((mean * 100 + Decimal("0.5")).__floor__() / Decimal(100))
        return {name: cents, f"{name}_cases": len(numerator)}
    return {name: len(numerator)}


def local_month(at_us, zone):
    return datetime.fromtimestamp(at_us / 1e6, ZoneInfo(zone)).strftime("%Y-%m")


def test_the_oracle_knows_every_bundled_indicator():
    assert set(INDICATORS) == set(read_scheme("urban-management").indicators)


@pytest.mark.costly
@pytest.mark.parametrize("name", INDICATORS)
@given(rows=fact_rows(), by=st.sampled_from(GROUPS), zone=ZONES)
def test_an_indicator_counts_what_is_counted_case_by_case(name, rows, by, zone):
    rows = derived(rows)
    result = evaluate(facts_of(rows), AT_US, Zone(zone), by=by, indicators=[name])
    assert result.row() == values_of(name, rows)
    labels = result.table[by].to_pylist()
    assert labels == sorted(labels, key=lambda label: (label is None, label or ""))
    for row in result.table.to_pylist():
        label = row.pop(by)
        assert row == values_of(name, [case for case in rows if case[by] == label])


@given(rows=fact_rows(), zone=ZONES)
def test_bins_are_those_of_the_instant_of_the_cohort_on_the_citys_clock(rows, zone):
    rows = derived(rows)
    result = evaluate(facts_of(rows), AT_US, Zone(zone), by=["month", "class"], indicators="all")
    listed = {(row["month"], row["class"]): row for row in result.table.to_pylist()}
    for name, indicator in INDICATORS.items():
        groups = defaultdict(list)
        for row in rows:
            if row[indicator.basis] is not None:
                groups[local_month(row[indicator.basis], zone), row["class"]].append(row)
        for key, cases in groups.items():
            expected = values_of(name, cases)
            assert {column: listed[key][column] for column in expected} == expected


@given(rows=fact_rows(), zone=ZONES)
def test_a_period_is_half_open_on_the_citys_clock(rows, zone):
    rows, clock = derived(rows), Zone(zone)
    result = evaluate(facts_of(rows), AT_US, clock, period="2024-02", indicators="all")
    ends = [int(pd.Timestamp(day, tz=zone).timestamp()) * 10**6 for day in ("2024-02-01", "2024-03-01")]
    for name in INDICATORS:
        expected = values_of(name, rows, tuple(ends))
        assert {column: result.row()[column] for column in expected} == expected


RATES = [name for name, indicator in INDICATORS.items() if indicator.of is not None]


@given(rows=fact_rows(), by=st.sampled_from(GROUPS), policy=st.sampled_from([
    (), ("should_close_handled", "should_handle_due"), ("should_close_flagged", "should_handle_in_period"),
    ("should_close_with_suspended", "should_handle_dispatched", "closed_not_by_force"),
]))  # fmt: skip
def test_every_rate_lies_between_0_and_1_or_is_na(rows, by, policy):
    table = facts_of(derived(rows))
    result = evaluate(table, AT_US, Zone("Asia/Shanghai"), by=by, indicators="all", policy=policy)
    for row in (*result.table.to_pylist(), result.row()):
        for name in RATES:
            numerator, denominator = row[f"{name}_numerator"], row[f"{name}_denominator"]
            assert (row[name] is None) == (denominator == 0)
            assert row[name] is None or 0 <= row[name] <= 100
            assert 0 <= numerator <= denominator


@given(rows=fact_rows(), policy=st.sampled_from([(), ("should_close_handled",), ("should_close_flagged",)]))
def test_the_numerator_is_a_part_of_the_denominator(rows, policy):
    table = facts_of(derived(rows))
    plan = EvaluationPlan.of(AT_US, Zone("Asia/Shanghai"), indicators="all", policy=policy)
    for name in RATES:
        cases = {
            part: opened(table, plan, name, part)["number"].to_pylist()
            for part in ("numerator", "denominator")
        }
        assert set(cases["numerator"]) <= set(cases["denominator"])


@given(rows=fact_rows(), by=st.sampled_from([*GROUPS, ("month", "department"), ("class", "source"), "week"]))
def test_parts_add_up_to_wholes_over_groups(rows, by):
    table = facts_of(derived(rows))
    result = evaluate(table, AT_US, Zone("Pacific/Auckland"), by=by, indicators="all")
    for column in result.total.column_names:
        if pa.types.is_integer(result.total.schema.field(column).type):
            assert (pc.sum(result.table[column]).as_py() or 0) == result.row()[column], column


def test_open_overdue_cases_stay_in_the_denominator():
    """A department that handles what it handles on time, and leaves the rest, is not at 100 %."""
    base = dict.fromkeys(FACTS.names) | {
        "counted": True,
        "cancelled": False,
        "suspended": False,
        "exempt": False,
    }
    base |= {
        "reported_at": FIRST_US,
        "filed_at": FIRST_US,
        "dispatched_at": FIRST_US,
        "due_at": FIRST_US + HOUR_US,
    }
    rows = [base | {"number": str(n), "handled_at": FIRST_US if n < 3 else None} for n in range(4)]
    row = evaluate(as_table(rows), AT_US, Zone("Asia/Shanghai"), indicators="all").row()
    assert (row["on_time_handling_rate"], row["overdue_open_rate"], row["closing_rate"]) == (75.0, 25.0, 0.0)
    assert row["on_time_handling_rate_denominator"] == row["closing_rate_denominator"] == 4


@pytest.mark.parametrize(("late_us", "on_time"), [(0, 1), (1, 0)])
def test_what_is_handled_at_its_deadline_is_on_time_and_what_is_due_now_is_not_overdue(late_us, on_time):
    base = dict.fromkeys(FACTS.names) | {
        "counted": True,
        "cancelled": False,
        "suspended": False,
        "exempt": False,
    }
    base |= {"reported_at": FIRST_US, "dispatched_at": FIRST_US, "due_at": AT_US, "closed_at": None}
    rows = [base | {"number": "1", "handled_at": AT_US + late_us}, base | {"number": "2"}]
    row = evaluate(as_table(rows), AT_US + late_us, Zone("Asia/Shanghai"), indicators="all").row()
    assert row["on_time_handling_rate_numerator"] == on_time
    assert row["overdue_open_rate_numerator"] == late_us


def test_many_batches_count_as_one():
    table = case_facts(25_000, seed=5)
    whole = evaluate(table, 1_735_689_600_000_000, Zone("Asia/Shanghai"), by=["department", "month"])
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=997))
    parts = evaluate(reader, 1_735_689_600_000_000, Zone("Asia/Shanghai"), by=["department", "month"])
    assert parts.table.equals(whole.table)
    assert parts.undated == whole.undated


def test_what_the_numbers_mean_is_written_beside_them():
    table = case_facts(50, seed=2)
    zone = Zone("Asia/Shanghai")
    result = evaluate(
        table, AT_US, zone, by="street", period="2024-01", policy="should_close_handled", known_us=AT_US + 1
    )
    words = result.words()
    assert words[0] == f"at {zone.iso(AT_US)}, as known at {zone.iso(AT_US + 1)}"
    assert words[1] == "period 2024-01-01T00:00+08:00/2024-02-01T00:00+08:00"
    assert words[2] == "should_close_handled for should_close: every handled case, closed or not"
    assert "closing_rate: closed of should_close_handled, by deadline" in words
    assert (
        "on_time_handling_rate: handled_on_time of should_handle, without without_limit, by deadline" in words
    )
    assert "repeat_rate: not given, facts have no repeats, which with_repeats adds" in words
    assert any("in no cohort by deadline" in line for line in words)


def test_a_group_is_found_by_its_labels():
    table = case_facts(300, seed=2)
    result = evaluate(table, AT_US, Zone("Asia/Shanghai"), by=["source", "month"])
    assert result.row(source="public", month="2024-01")["month"] == "2024-01"
    with pytest.raises(InvalidInput, match="no group has source 'radio'") as caught:
        result.row(source="radio", month="2024-01")
    assert caught.value.kind == "unknown-group"
    assert pa.RecordBatchReader.from_stream(result).read_all().equals(result.table)


def test_without_cases_there_are_no_groups_and_nothing_is_a_rate():
    result = evaluate(FACTS.empty_table(), AT_US, Zone("Asia/Shanghai"), by=["department", "month"])
    assert result.table.num_rows == 0
    assert result.table.column_names[:2] == ["department", "month"]
    assert result.row()["handling_rate"] is None
    assert result.row()["reported_cases"] == 0
    assert evaluate(FACTS.empty_table(), AT_US, Zone("Asia/Shanghai")).table.num_rows == 1


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"by": "deparment"}, "unknown-group"),
        ({"by": "hour"}, "unknown-group"),
        ({"by": ["day", "class", "source"]}, "too-many-groups"),
        ({"by": ["class", "class"]}, "too-many-groups"),
        ({"basis": "deadline"}, "unknown-basis"),
        ({"basis": "all", "by": "month"}, "no-cohort-instant"),
        ({"policy": "handled"}, "no-variant"),
        ({"policy": ["should_close_handled", "should_close_flagged"]}, "ambiguous-policy"),
        ({"scheme": "rural"}, "unknown-scheme"),
        ({"period": "2024-13"}, "unreadable-time"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(arguments, kind):
    with pytest.raises(InvalidInput) as caught:
        evaluate(FACTS.empty_table(), AT_US, Zone("Asia/Shanghai"), **arguments)
    assert caught.value.kind == kind
    assert caught.value.hint or kind == "unreadable-time"


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [({"indicators": ["handlig_rate"]}, "unknown-indicator"), ({"policy": "should_clos"}, "unknown-policy")],
)
def test_unknown_names_are_refused_with_the_nearest(arguments, kind):
    with pytest.raises(NotFound, match="did you mean") as caught:
        evaluate(FACTS.empty_table(), AT_US, Zone("Asia/Shanghai"), **arguments)
    assert caught.value.kind == kind


def test_what_is_judged_chooses_the_indicators():
    zone = Zone("Asia/Shanghai")
    assert EvaluationPlan.of(AT_US, zone, by="dispatcher_post").names == (
        "accurate_dispatch_rate",
        "on_time_dispatch_rate",
    )
    assert "verification_rate" not in EvaluationPlan.of(AT_US, zone, by=["department", "month"]).names
    assert len(EvaluationPlan.of(AT_US, zone, by="month").names) == len(INDICATORS)
    scheme = read_scheme("urban-management")
    few = type(scheme)("few", "", {"handling_rate": scheme.indicators["handling_rate"]}, scheme.policies)
    with pytest.raises(Unsupported) as caught:
        EvaluationPlan.of(AT_US, zone, by="checker_post", scheme=few)
    assert caught.value.kind == "no-indicator"


def test_facts_without_a_column_give_the_other_indicators():
    table = case_facts(40, seed=1).drop_columns(["extended_at", "reworks"])
    result = evaluate(table, AT_US, Zone("Asia/Shanghai"), indicators="all")
    assert "rework_rate" not in result.table.column_names
    assert result.left_out["rework_rate"] == "facts have no reworks"
    assert "handling_rate" in result.table.column_names
    with pytest.raises(InvalidInput) as caught:
        evaluate(table.drop_columns(["street"]), AT_US, Zone("Asia/Shanghai"), by="street")
    assert caught.value.kind == "not-facts"
    with pytest.raises(InvalidInput, match="these are no facts of cases: int"):
        evaluate(7, AT_US, Zone("Asia/Shanghai"))


def test_a_plan_is_evaluated_again_with_the_same_bytes():
    table = case_facts(3_000, seed=9)
    plan = EvaluationPlan.of(AT_US, Zone("Asia/Shanghai"), by="community", indicators="all")
    first, second = (evaluate_plan(table, plan).table for _ in range(2))
    assert first.equals(second)


PROGRAM = """
import sys, pyarrow as pa
from stcloud.paas.case.evaluation import evaluate
from stcloud.time import Zone
with pa.OSFile(sys.argv[1]) as file:
    facts = pa.ipc.open_file(file).read_all()
result = evaluate(facts, int(sys.argv[2]), Zone("Asia/Shanghai"), by=["department", "month"], period="2024-01")
print(result.table.num_rows, *sorted({"pandas", "duckdb", "numba", "scipy", "sqlglot"} & set(sys.modules)))
"""


def test_a_fresh_process_waits_for_no_library_that_it_does_not_need(tmp_path):
    table = case_facts(2_000, seed=1)
    with (
        pa.OSFile(str(tmp_path / "facts.arrow"), "wb") as file,
        pa.ipc.new_file(file, table.schema) as writer,
    ):
        writer.write_table(table)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "facts.arrow"), str(AT_US)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = evaluate(
        table, AT_US, Zone("Asia/Shanghai"), by=["department", "month"], period="2024-01"
    ).table.num_rows
    assert done.stdout.split() == [str(rows)]
