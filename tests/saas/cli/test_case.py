"""`stcloud case`: from the report to the close on the command line, in a city eight hours from UTC."""

import json
import sqlite3
from pathlib import Path

import pytest

import stcloud

NUMBER = "2024-000017"
STEPS = [
    ("16:25", "order_verify", "wang", "operator", []),
    ("16:50", "verify", "c07", "collector", ["--set", "verification=exists"]),
    (
        "17:00", "file", "wang", "operator",
        ["--set", "condition=cover_missing", "--set", "limit_kind=work_hour", "--set", "limit_value=4"],
    ),
    ("17:05", "dispatch", "li", "dispatcher", ["--set", "department=water"]),
    ("17:20", "assign", "zhao", "department", ["--department", "water", "--set", "handler=sun"]),
]  # fmt: skip


@pytest.fixture
def city(tmp_path):
    place = tmp_path / "city"
    stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN")
    return place


@pytest.fixture
def log(run, city):
    assert run("case", "create", city, "matters").code == 0
    opened = run(
        "case", "open", city, "matters", "--number", NUMBER, "--kind", "component", "--class", "01002",
        "--at", "117.0235,31.9035", "--source", "hotline", "--by", "wang", "--role", "operator",
        "--happened", "2024-02-02T16:20", "--private", "reporter=Ms Chen, 555 0134", "--id", "call-1",
    )  # fmt: skip
    assert opened.code == 0, opened.err
    return city


def act(run, city, time, action, by, role, options, *numbers):
    return run(
        "case", "act", city, "matters", action, *(numbers or [NUMBER]), "--by", by, "--role", role,
        "--happened", f"2024-02-02T{time}", *options,
    )  # fmt: skip


@pytest.fixture
def handled(run, log):
    for step in STEPS:
        assert act(run, log, *step).code == 0
    return log


def test_a_deadline_crosses_the_weekend_and_the_day_that_makes_up_for_a_holiday(run, handled):
    clocks = json.loads(
        run("case", "clock", handled, "matters", NUMBER, "--at", "2024-02-03T12:00", "-f", "json").out
    )
    whole = clocks[0]
    assert (whole["stage"], whole["limit"]) == ("whole", "4 work hours")
    # Friday 17:05 to 18:00 are 55 minutes; Sunday 4 February is worked, from 08:00 on.
    assert whole["due"] == "2024-02-04T11:05+08:00"
    assert (round(whole["elapsed"] * 60), whole["overdue"], whole["running"]) == (55, False, True)


def test_a_case_is_shown_to_people_at_eighty_columns_without_persons(run, handled):
    shown = run("case", "show", handled, "matters", NUMBER)
    lines = shown.out.splitlines()
    assert lines[0] == f"Case {NUMBER}: handling since 2024-02-02 17:20 (urban-management/1)"
    assert max(map(len, lines)) <= 80
    assert "Chen" not in shown.out
    assert "4 work hours" in shown.out


def test_a_case_is_shown_whole_to_programs(run, handled):
    document = json.loads(run("case", "show", handled, "matters", NUMBER, "-f", "json").out)
    assert [action["action"] for action in document["actions"]] == ["report", *(step[1] for step in STEPS)]
    assert [stay["state"] for stay in document["stays"]][-2:] == ["dispatched", "handling"]
    assert document["stays"][-1]["to"] is None


def test_an_earlier_state_is_shown_at_its_instant(run, handled):
    shown = run("case", "show", handled, "matters", NUMBER, "--at", "2024-02-02T16:55")
    assert "pending_verify since 2024-02-02 16:25" in shown.out
    unknown = run("case", "show", handled, "matters", NUMBER, "--known-at", "2024-02-03")
    assert (unknown.code, unknown.err) == (3, f"stcloud: there is no case '{NUMBER}' at that instant\n")


def test_an_illegal_action_is_refused_with_the_legal_ones(run, handled):
    refused = act(run, handled, "17:30", "close", "wang", "operator", [])
    assert refused.code == 2
    assert refused.out == ""
    assert refused.err == (
        f"stcloud: case '{NUMBER}' is handling, and close does not follow; legal are reclassify, amend, correct\n"
    )


def test_a_retry_is_no_second_action(run, log):
    options = ["--id", "phone-1"]
    first = act(run, log, "16:25", "order_verify", "wang", "operator", options)
    again = act(run, log, "16:25", "order_verify", "wang", "operator", options)
    assert (first.code, again.code, first.out, first.err) == (0, 0, again.out, "")
    assert again.err == f"case '{NUMBER}': this action was recorded before, nothing was added\n"
    document = json.loads(run("case", "show", log, "matters", NUMBER, "-f", "json").out)
    assert document["seq"] == 2


def test_who_expects_another_action_is_refused(run, log):
    refused = act(run, log, "16:25", "order_verify", "wang", "operator", ["--expected", "7"])
    assert refused.code == 4
    assert "not as expected" in refused.err


def test_of_several_cases_each_is_accepted_or_refused(run, log):
    both = act(run, log, "16:25", "order_verify", "wang", "operator", ["-f", "json"], NUMBER, "2024-000099")
    assert both.code == 2
    assert [record["case"] for record in json.loads(both.out)] == [NUMBER]
    assert "'2024-000099' does not exist" in both.err
    assert "1 actions were refused, 1 were accepted" in both.err


def test_actions_come_from_a_file(run, log, tmp_path):
    file = tmp_path / "actions.ndjson"
    action = {"case": NUMBER, "action": "order_verify", "actor": "wang", "role": "operator", "id": "f1"}
    file.write_text(json.dumps(action) + "\n")
    assert run("case", "act", log, "matters", "--from", file).code == 0
    file.write_text('{"case": "1", "action": "x", "actor": "a", "role": "b", "colour": 1}\n')
    refused = run("case", "act", log, "matters", "--from", file)
    assert refused.code == 2
    assert "line 1: there is no 'colour' of an action" in refused.err


def test_an_inbox_lists_what_a_role_may_do(run, handled):
    waiting = json.loads(run("case", "inbox", handled, "matters", "--role", "handler", "-f", "json").out)
    assert [(record["number"], record["legal"]) for record in waiting] == [
        (NUMBER, "handle request_extension")
    ]
    assert (
        json.loads(run("case", "inbox", handled, "matters", "--role", "evaluator", "-f", "json").out)[0][
            "legal"
        ]
        == "urge"
    )


@pytest.mark.costly
@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--state", "handling"], True), (["--state", "closed"], False), (["--class", "01002"], True),
        (["--department", "water"], True), (["--number", "2024-"], True), (["--number", "2025-"], False),
        (["--bbox", "117,31,118,32"], True), (["--bbox", "118,31,119,32"], False),
        (["--due-before", "2024-02-05"], True), (["--due-before", "2024-02-04"], False),
        (["--text", "cover"], True),
    ],
)  # fmt: skip
def test_cases_are_searched(run, handled, options, found):
    listed = json.loads(run("case", "list", handled, "matters", *options, "-f", "json").out)
    assert [record["number"] for record in listed] == ([NUMBER] if found else [])


def test_persons_are_searched_with_a_reason_that_is_written_down(run, log):
    reader = ["--by", "me", "--why", "a call back"]
    assert json.loads(run("case", "list", log, "matters", "--text", "ms chen", "-f", "json").out) == []
    listed = json.loads(run("case", "list", log, "matters", "--text", "ms chen", *reader, "-f", "json").out)
    assert [record["number"] for record in listed] == [NUMBER]
    with stcloud.open(log).cases("matters") as cases:
        assert [reading["why"] for reading in cases.readings()] == ["a call back"]
    for options, words in (
        (["--text", "chen", "--by", "me"], "says why"),
        (["--text", "chen", "--why", "x"], "says why"),
        (reader, "no --text is given"),
    ):
        refused = run("case", "list", log, "matters", *options)
        assert refused.code == 2
        assert words in refused.err


def test_a_case_without_a_limit_has_no_deadline_and_says_so(run, log):
    shown = run("case", "clock", log, "matters", NUMBER)
    assert shown.code == 0
    assert f"case '{NUMBER}' has no deadline: no limit was stated, and the log has no usual one" in shown.err


def test_logs_are_listed_though_one_cannot_be_reached(run, log):
    assert run("case", "create", log, "others").code == 0
    (log / "cases" / "others.sqlite").write_bytes(b"no database " * 400)
    listed = run("case", "logs", log, "-f", "json")
    assert listed.code != 0
    assert [(record["log"], record["workflow"]) for record in json.loads(listed.out)] == [
        ("matters", "urban-management/1"),
        ("others", None),
    ]
    assert "others.sqlite" in listed.err


def test_persons_are_read_with_a_reason_and_erased(run, log):
    assert (
        json.loads(
            run(
                "case", "private", log, "matters", NUMBER, "--by", "me", "--why", "call back", "-f", "json"
            ).out
        )[0]["text"]
        == "Ms Chen, 555 0134"
    )
    before = _rows(log, "entry")
    assert (
        run("case", "erase", log, "matters", "--case", NUMBER, "--by", "me", "--why", "asked", "--yes").code
        == 0
    )
    assert (
        json.loads(
            run("case", "private", log, "matters", NUMBER, "--by", "me", "--why", "look", "-f", "json").out
        )
        == []
    )
    assert _rows(log, "entry") == before
    assert b"Chen" not in b"".join(path.read_bytes() for path in (log / "cases").iterdir())


def test_cases_are_published_and_counted(run, handled):
    assert run("case", "publish", handled, "matters").code == 0
    counted = json.loads(run("query", handled, "matters-cases", "--by", "state", "-f", "json").out)
    assert counted == [{"state": "handling", "count": 1}]
    row = stcloud.open(handled).query("matters-cases").rows().to_records()[0]
    assert row["due_at"].isoformat() == "2024-02-04T11:05:00+08:00"
    assert (row["number"], row["class"], row["reworks"]) == (NUMBER, "01002", 0)


def test_notices_are_delivered_once_to_a_file(run, log, tmp_path):
    file = tmp_path / "notices.ndjson"
    for _ in range(2):
        assert run("case", "deliver", log, "matters", "--to", file).code == 0
    notices = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(notice["id"], notice["state"]) for notice in notices] == [(f"{NUMBER}/1", "reported")]


def test_requests_without_the_columns_that_their_source_may_leave_out_are_imported(run, city):
    fixture = Path(__file__).resolve().parents[3] / "fixtures" / "sources" / "open311.json"
    assert run("load", city, "requests", fixture, "--definition", "open311").code == 0
    assert run("case", "create", city, "requests", "--workflow", "imported-requests").code == 0
    imported = run("case", "import", city, "requests", "requests", "-f", "json")
    assert imported.code == 0, imported.err
    assert json.loads(imported.out)[0]["opened"] == 3


def test_rules_are_listed_and_added(run, log, tmp_path):
    file = tmp_path / "clocks.toml"
    file.write_text('office_hours = "09:00-17:00"\n')
    assert run("case", "rule", log, "matters", "clocks", file, "--valid-from", "2024-01-01").code == 0
    kinds = [record["kind"] for record in json.loads(run("case", "rules", log, "matters", "-f", "json").out)]
    assert kinds == ["workflow", "clocks", "clocks"]
    file.write_text('office_hours = "25:00-17:00"\n')
    refused = run("case", "rule", log, "matters", "clocks", file)
    assert refused.code == 2
    assert len(refused.err.splitlines()) == 1


def test_the_limit_of_a_condition_is_pinned_at_filing_and_kept_at_dispatch(run, log, tmp_path):
    file = tmp_path / "conditions.csv"
    file.write_text(
        "kind,edition,code,condition,filing,limit_kind,limit_value,closing,department,valid_from,valid_to,source\n"
        "component,2026,01002,cover_missing,Missing,work_hour,6,It lies flat,water,2020-01-01,,Handbook\n"
    )
    assert run("case", "rule", log, "matters", "conditions", file).code == 0
    for time, action, by, role, options in STEPS:
        stated = ["--set", "condition=cover_missing"] if action == "file" else options
        done = act(run, log, time, action, by, role, stated)
        assert done.code == 0, done.err
    shown = json.loads(run("case", "show", log, "matters", NUMBER, "-f", "json").out)
    assert (shown["values"]["limit_kind"], shown["values"]["limit_value"]) == ("work_hour", 6)
    dispatched = next(action for action in shown["actions"] if action["action"] == "dispatch")
    assert dispatched["stated"] == "department=water"


def test_conditions_may_be_of_a_citys_own_classes(run, log, tmp_path):
    classes, conditions = tmp_path / "local.csv", tmp_path / "conditions.csv"
    classes.write_text(
        "kind,edition,code,name_zh,name,major,valid_from,valid_to,verified,source\n"
        "component,2026,01901,直饮水点,Drinking fountain,01,2020-01-01,,local,City office\n"
    )
    conditions.write_text(
        "kind,edition,code,condition,filing,limit_kind,limit_value,closing,department,valid_from,valid_to,source\n"
        "component,2026,01901,leaks,It leaks,work_hour,3,It is dry,water,2020-01-01,,Handbook\n"
    )
    refused = run("case", "rule", log, "matters", "conditions", conditions)
    assert (refused.code, "01901" in refused.err) == (2, True)
    report = [
        "case", "open", log, "matters", "--number", "F-1", "--kind", "component", "--class", "01901", "--source",
        "collector", "--by", "c1", "--role", "collector", "--happened", "2024-02-02T16:20",
    ]  # fmt: skip
    unknown = run(*report)
    assert unknown.code == 3
    assert "01901" in unknown.err
    assert run("classes", "--city", log, "--extend", classes).code == 0
    assert run("case", "rule", log, "matters", "conditions", conditions).code == 0
    assert run(*report).code == 0
    filed = act(run, log, "16:30", "file", "wang", "operator", ["--set", "condition=leaks"], "F-1")
    assert filed.code == 0, filed.err
    values = json.loads(run("case", "show", log, "matters", "F-1", "-f", "json").out)["values"]
    assert (values["limit_kind"], values["limit_value"]) == ("work_hour", 3)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "nolog", "1"], 3), (["show", "matters", "99"], 3), (["create", "../x"], 2),
        (["create", "matters"], 4), (["create", "b", "--workflow", "nope"], 2),
        (["create", "b", "--workflow", "nope.toml"], 6),
        (["open", "matters", "--by", "a", "--role", "operator", "--at", "1"], 2),
        (["open", "matters", "--by", "a", "--role", "operator", "--at", "200,31"], 2),
        (["act", "matters", "file"], 2), (["list", "matters", "--bbox", "1,2"], 2),
        (["clock", "matters", NUMBER, "--rules", "ffff"], 3), (["import", "matters", "nolayer"], 2),
        (["list", "matters", "--state", "closd"], 3), (["inbox", "matters", "--role", "operater"], 3),
        (["erase", "matters", "--case", NUMBER, "--by", "me", "--why", "x"], 2),
        (["deliver", "matters", "--to", "http://127.0.0.1:9/x"], 6),
        (["deliver", "matters", "--to", "ftp://x"], 2), (["rule", "matters", "weather", "x"], 2),
    ],
)  # fmt: skip
def test_mistakes_are_answered_in_one_line(run, log, arguments, code):
    command, *others = arguments
    refused = run("case", command, log, *others)
    assert refused.code == code, refused.err
    assert len(refused.err.strip().splitlines()) == 1
    assert "Traceback" not in refused.err


def _rows(city, table):
    with sqlite3.connect(city / "cases" / "matters.sqlite") as connection:
        return connection.execute(f"select * from {table} order by 1, 2").fetchall()


def test_cases_are_found_by_the_names_of_their_class(run, log):
    assert json.loads(run("case", "list", log, "matters", "--text", "cover", "-f", "json").out)
    assert json.loads(run("case", "list", log, "matters", "--text", "井盖", "-f", "json").out)
    assert json.loads(run("case", "list", log, "matters", "--text", "lamp", "-f", "json").out) == []


@pytest.mark.parametrize("wrong", [{"at": "117,31"}, {"fields": "x"}, {"private": []}])
def test_an_action_of_a_file_with_another_shape_is_refused_with_its_line(run, log, tmp_path, wrong):
    file = tmp_path / "actions.ndjson"
    file.write_text(
        json.dumps({"case": NUMBER, "action": "file", "actor": "a", "role": "operator", **wrong}) + "\n"
    )
    refused = run("case", "act", log, "matters", "--from", file)
    assert (refused.code, "line 1" in refused.err) == (2, True)


def test_a_limit_needs_its_kind(run, log):
    act(run, log, "16:25", "order_verify", "wang", "operator", [])
    act(run, log, "16:50", "verify", "c07", "collector", ["--set", "verification=exists"])
    options = ["--set", "condition=missing", "--set", "limit_value=3"]
    refused = act(run, log, "17:00", "file", "wang", "operator", options)
    assert refused.err == "stcloud: file states limit_value without limit_kind; state both\n"


def test_instants_that_actions_state_are_shown_on_the_citys_clock(run, handled):
    options = ["--set", "until=2024-03-01", "--set", "reason=season"]
    assert act(run, handled, "18:00", "suspend", "li", "dispatcher", options).code == 0
    shown = run("case", "show", handled, "matters", NUMBER, "--at", "2024-02-03").out
    assert "until 2024-03-01 00:00" in shown


def test_clocks_of_a_stage_that_the_workflow_has_not_are_refused(run, log, tmp_path):
    file = tmp_path / "clocks.toml"
    file.write_text('[stages]\nacept = "1 work hour"\n')
    refused = run("case", "rule", log, "matters", "clocks", file)
    assert (refused.code, "no stage 'acept'" in refused.err) == (2, True)


def test_a_log_whose_maker_was_killed_before_its_rules_is_completed(run, city):
    from stcloud.iaas.records import Records

    Records.create(str(city), "half").close()
    assert run("case", "create", city, "half").code == 0
    assert run("case", "create", city, "half").code == 4
    assert run("case", "list", city, "half").code == 0
