"""Kinds of errors that cases raise, each by a call or a command that makes it."""

import json

import pytest

import stcloud
from stcloud.errors import StcloudError
from stcloud.iaas.records import Records
from stcloud.paas.case.caselog import CaseLog
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules, clocks_body
from stcloud.paas.case.judgement import judged_import
from stcloud.paas.case.requested import import_of
from stcloud.paas.case.submitted import Submission

ACTOR = {"actor": "wang", "role": "operator"}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    place = tmp_path_factory.mktemp("kinds") / "city"
    with stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN") as city:
        city.cases("matters", create="urban-management").close()
    return place


def submission(**keywords):
    return Submission(case="1", name="report", id="a", actor="wang", role="operator", **keywords)


CALLS = {
    "unknown-rule-kind": lambda cases, _: cases.add_rule("weather", "sunny"),
    "not-a-place": lambda cases, _: cases.open(at=(200, 31), **ACTOR),
    "unknown-case": lambda cases, _: cases.state("99"),
    "unknown-rule": lambda cases, _: CaseRules([]).timing(0, "ffff"),
    "unknown-clocks": lambda *_: clocks_body(None, name="nope", calendar="CN", zone="Asia/Shanghai"),
    "invalid-clocks": lambda *_: clocks_body("stages = 3", name="c", calendar="CN", zone="Asia/Shanghai"),
    "calendar-needed": lambda *_: clocks_body("", name="c", calendar=None, zone="Asia/Shanghai"),
    "rule-missing": lambda *_: CaseRules([]).workflow(0),
    "no-actions": lambda *_: judged_import(CaseRules([]), None, (), 0),
    "unknown-import": lambda *_: import_of("nobody"),
    "stated-twice": lambda *_: submission(fields={"opinion": "ok"}, private={"opinion": "fine"}),
    "empty-text": lambda *_: submission(private={"opinion": " "}),
    "workflow-needed": lambda _, place: stcloud.open(place).cases("other", clocks="urban-management"),
    "missing-field": lambda cases, _: cases.open(**ACTOR),
}


@pytest.mark.parametrize("kind", CALLS)
def test_a_call_is_refused_with_its_kind(city, kind):
    with stcloud.open(city).cases("matters") as cases, pytest.raises(StcloudError) as caught:
        CALLS[kind](cases, city)
    assert caught.value.kind == kind


COMMANDS = {
    "incomplete-action": ["act", "matters", "file"],
    "one-id": ["act", "matters", "file", "1", "2", "--by", "a", "--role", "operator", "--id", "x"],
    "unreadable-place": ["list", "matters", "--bbox", "1,2"],
    "nothing-searched": ["list", "matters", "--by", "a", "--why", "b"],
    "unreadable-field": ["act", "matters", "file", "1", "--by", "a", "--role", "operator", "--set", "reason"],
    "unreadable-address": ["deliver", "matters", "--to", "ftp://x"],
    "actions-refused": ["act", "matters", "file", "1", "2", "--by", "a", "--role", "operator"],
}


OTHERS = {
    "unknown-name": (3, ["list", "matters", "--state", "closd"]),
    "not-delivered": (6, ["deliver", "matters", "--to", "http://127.0.0.1:9/x"]),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_command_ends_with_the_code_of_its_error(run, city, kinds, kind):
    code, (command, *others) = OTHERS[kind]
    with stcloud.open(city).cases("matters") as cases:
        cases.open(number="7", fields={"source": "hotline"}, id="seven", **ACTOR)
    ended = run("case", command, city, *others)
    assert (kinds[-1], ended.code) == (kind, code), ended


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_is_refused_with_its_kind(run, city, kinds, kind):
    command, *others = COMMANDS[kind]
    ended = run("case", command, city, *others)
    assert (kinds[-1], ended.code) == (kind, 2), ended


def test_actions_of_a_file_are_refused_with_their_line(run, city, kinds, tmp_path):
    file = tmp_path / "actions.ndjson"
    whole = json.dumps({"case": "1", "action": "x", "actor": "a", "role": "r", "fields": {"n": 0}})
    for line in (
        json.dumps({"case": "1"}),
        *(whole.replace("0", odd) for odd in ("9" * 5000, "[" * 100_000)),
    ):
        file.write_text(line + "\n")
        assert run("case", "act", city, "matters", "--from", file).code == 2
        assert kinds[-1] == "unreadable-actions"


def test_a_log_without_a_workflow_is_damaged(tmp_path):
    with Records.create(tmp_path, "empty") as records:
        with pytest.raises(StcloudError) as caught:
            CaseLog(records, lambda: 1).submit(submission())
        assert caught.value.kind == "rule-missing"
        records.rules.add("workflow", "no = 1", valid_from_us=ALWAYS_US)
