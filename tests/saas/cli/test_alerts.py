"""`stcloud rule` and `stcloud alerts`: a rule is added, alerts are raised, listed and explained."""

import json

import pandas as pd
import pytest

import stcloud

RULE = """
id = "busy"
more_than = 2
within = "1h"
from = "2024-01-01"
[question]
layer = "requests"
what = "class = '06010'"
by = "unit"
"""


@pytest.fixture
def town(tmp_path):
    rows = [(f"r{n}", f"2024-03-01 10:{n}0", "06010", "u1", 117.0, 24.0) for n in range(4)]
    frame = pd.DataFrame(rows, columns=["id", "at", "class", "unit", "lon", "lat"])
    with stcloud.create(tmp_path / "town", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        city.load("requests", frame, key="id", time="at", lon="lon", lat="lat", datum="wgs84")
    (tmp_path / "busy.toml").write_text(RULE)
    return tmp_path / "town"


def test_rules_that_raised_nothing_are_an_empty_answer(run, town, tmp_path):
    assert run("alerts", town, "-f", "json").code == 0
    (tmp_path / "busy.toml").write_text(RULE.replace("more_than = 2", "more_than = 200"))
    run("rule", "add", town, tmp_path / "busy.toml")
    assert run("alerts", "run", town).code == 0
    none = run("alerts", town, "--rule", "busy", "-f", "json")
    assert (none.code, json.loads(none.out)) == (0, [])
    assert "no alert was recorded yet" in none.err
    assert run("alerts", town).out.split() == ["alert", "group", "status", "from", "to", "peak", "late"]
    assert run("alerts", town, "--rule", "bussy").code == 3


def test_a_rule_and_its_alert(run, town, tmp_path):
    added = run("rule", "add", town, tmp_path / "busy.toml")
    assert "busy, version 1: more than 2 rows within 1h by unit" in added.err
    assert run("rule", "show", town, "busy").out.startswith('id = "busy"')
    printed = run("alerts", "run", town)
    assert printed.out.split() == ["loads", "rows", "raised", "changed", "0", "0", "1", "0"]
    assert "all loads were taken again of requests" in printed.err
    assert run("alerts", town).out.splitlines()[1].split()[1:3] == ["u1", "open"]
    [alert] = json.loads(run("alerts", town, "--rule", "busy", "--during", "2024-03", "-f", "json").out)
    assert len(run("alerts", "why", town, alert["alert"]).out.splitlines()) == 5
    assert json.loads(run("alerts", "why", town, alert["alert"], "-f", "json").out)["value"] == 4
    printed = run("alerts", "why-not", town, "busy", "--at", "2024-03-01 10:15")
    assert "failed first: rows of the group within 1h" in printed.err
    assert json.loads(run("alerts", "why-not", town, "busy", "--at", "2024-03-01 10:35", "-f", "json").out)[
        "holds"
    ]
    assert "has ended" in run("rule", "end", town, "busy").err
    [version] = json.loads(run("rule", "list", town, "-f", "json").out)
    assert version["ended"] is not None


def test_what_is_not_there_has_a_name(run, town, tmp_path):
    assert "the city has no rule 'busi'" in run("rule", "show", town, "busi").err
    run("rule", "add", town, tmp_path / "busy.toml")
    assert "has 1 versions, no version 2" in run("rule", "show", town, "busy", "--version", "2").err
    (tmp_path / "busy.toml").write_text(RULE.replace("more_than", "more_then"))
    assert "did you mean 'more_than'" in run("rule", "add", town, tmp_path / "busy.toml").err


def test_a_city_in_a_bucket_delivers(run, tmp_path, s3, monkeypatch):
    """A delivery that failed goes on when it is called again, from another machine too; each notice comes once."""
    for name, value in s3.options.items():
        monkeypatch.setenv(f"AWS_{name}".upper(), value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "one"))
    address, to = s3.address("alerted"), tmp_path / "out" / "notices"
    frame = pd.DataFrame(
        {"id": list("abcd"), "at": [f"2024-03-01 10:{n}0" for n in range(4)], "class": "06010"}
    ).assign(unit="u1", lon=117.0, lat=24.0)
    with stcloud.create(address, crs="EPSG:4548", zone="Asia/Shanghai") as city:
        city.load("requests", frame, key="id", time="at", lon="lon", lat="lat", datum="wgs84")
    (tmp_path / "busy.toml").write_text(RULE)
    run("rule", "add", address, tmp_path / "busy.toml")
    assert run("alerts", "run", address).out.split()[-2:] == ["1", "0"]
    assert "could not write" in run("alerts", "deliver", address, "--to", to).line
    to.parent.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "two"))
    for count in (1, 0):
        [done] = json.loads(run("alerts", "deliver", address, "--to", to, "-f", "json").out)
        assert (done["delivered"], done["again"]) == (count, 0)
    [notice] = map(json.loads, to.read_text().splitlines())
    assert notice["id"] == f"{notice['alert']}:open"


LATE = """
id = "late"
left_at_most = 0.5
from = "2024-01-01"
[cases]
log = "desk"
"""


def test_a_rule_on_cases(run, town, tmp_path):
    """A day's old case, whose quarter of an hour to be accepted is long over."""
    (tmp_path / "city.toml").write_text((town / "city.toml").read_text() + 'calendar = "CN"\n')
    (tmp_path / "city.toml").replace(town / "city.toml")
    (tmp_path / "late.toml").write_text(LATE)
    assert "no log 'desk'" in run("rule", "add", town, tmp_path / "late.toml").err
    run("case", "create", town, "desk")
    added = run("rule", "add", town, tmp_path / "late.toml")
    assert "late, version 1: at most 50 % of the limit of any clock left" in added.err
    with stcloud.open(town) as city, city.cases("desk") as cases:
        happened = "2024-03-01 10:00"
        fields = {"source": "collector"}
        cases.open(number="A", actor="c", role="collector", fields=fields, happened=happened)
    printed = run("alerts", "run", town)
    assert printed.out.split()[4:] == ["1", "1", "1", "0"]
    [alert] = json.loads(run("alerts", town, "--rule", "late", "-f", "json").out)
    assert (alert["group"], alert["late"]) == ("A | accept", True)
    assert "report" in run("alerts", "why", town, alert["alert"]).out
    printed = run("alerts", "why-not", town, "late", "--at", "2024-03-01 10:05", "--group", "A")
    assert "failed first: at most 0.5 of the limit is left" in printed.err
    assert run("alerts", "deliver", town, "--to", tmp_path / "told.jsonl").code == 0
    assert json.loads((tmp_path / "told.jsonl").read_text().splitlines()[0])["layer"] == "cases:desk"
