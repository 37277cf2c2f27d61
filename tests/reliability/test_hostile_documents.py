"""Documents that people write are read, or refused in one line: endless numbers, half a character, depth.

Each document has each of its values exchanged for each of `ODD`, drawn by `DOCUMENTS` seeds; what is read can be
written again, and has a digest.
"""

import copy
import json
import os
import random
import tomllib

import pytest

from stcloud.daas.definition import Definition
from stcloud.errors import InvalidDefinition, InvalidInput, NotFound
from stcloud.iaas.bundle import bundled_text
from stcloud.paas.case.caserules import clocks_body
from stcloud.paas.case.evaluation.indicatorscheme import IndicatorScheme
from stcloud.paas.case.evaluation.scoretable import ScoreTable
from stcloud.paas.case.workflow import Workflow
from stcloud.paas.conflict.conflictrules import ConflictRules
from stcloud.paas.episode.episoderule import EpisodeRule
from stcloud.paas.indicator.indicatortree import IndicatorTree
from stcloud.paas.query.spec.question import Question
from stcloud.paas.reach.speedtable import SpeedTable
from stcloud.paas.standing.standingrule import StandingRule
from stcloud.saas.rights.policy import Policy
from stcloud.time.citydays import CityDays

ODD = (
    None, True, 0, -1, 2**31, 2**64, 10**30, 10**5000, 1.5, 1e308, 5e-324, float("nan"), float("inf"), "", "x", "\0",
    "\ud800", "a\nb", "é" * 300, [], [1], ["x", "x"], ["\udfff"], {}, {"x": 1}, {"\ud800": 1}, [[]], "2024-01-01",
    "99999-01-01", "1h", "-1h", "999999999h", "1e400h", "P99999999999Y", "(" * 3000, "a = '\ud800'",
    "bbox:nan,nan,nan,nan",
)  # fmt: skip
SIDES = {"first": {"layer": "a", "use": ["x"]}, "second": {"layer": "b"}}
QUESTION = {
    "layer": "requests", "what": ["id = '1'"], "where": ["bbox:117.0,24.0,117.1,24.1"], "when": ["2024-03"],
    "by": ["id"], "weekdays": "mon-fri",
}  # fmt: skip
HALF = {"numerator": {"layer": "requests"}, "denominator": {"layer": "areas", "measure": ["sum(people)"]}}


def bundled(*parts):
    return tomllib.loads(bundled_text("layers", *parts))


def toml(value):
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {toml(of)}" for key, of in value.items())
            + "}"
        )
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "9" * 5000 if value == 10**5000 else str(value)


def written(document):
    return "\n".join(
        f"{json.dumps(key, ensure_ascii=False)} = {toml(value)}" for key, value in document.items()
    )


def clocks(text, name):
    return clocks_body(text, name=name, calendar="CN", zone="Asia/Shanghai")


READERS = {
    "question": (Question.from_toml, QUESTION),
    "rule of counts": (
        StandingRule.from_toml,
        {"id": "busy", "title": "t", "more_than": 2, "within": "1h", "from": "2024-01-01", "quiet": "1h",
         "question": QUESTION},
    ),
    "rule of readings": (
        StandingRule.from_toml,
        {"id": "hot", "value": "x", "above": 3.0, "for": "1h", "gap": "1h", "ends_below": 2.0, "question": QUESTION},
    ),
    "definition": (Definition.from_toml, bundled("nyc-311.toml")),
    "definition of features": (Definition.from_toml, bundled("buildings.toml")),
    "workflow": (Workflow.from_toml, bundled("workflows", "service-requests.toml")),
    "clocks": (clocks, bundled("clocks", "urban-management.toml")),
    "evaluation": (IndicatorScheme.from_toml, bundled("indicators", "urban-management.toml")),
    "scores": (ScoreTable.from_toml, bundled("scores", "jinniu-example.toml")),
    "episodes": (EpisodeRule.from_toml, {"id": "smog", "layer": "air", "value": "pm", "above": 75.0, "for": "3h"}),
    "speeds": (SpeedTable.from_toml, {"column": "kind", "speed_mps": {"lane": 1.3, "steps": 0.5}}),
    "conflicts": (
        ConflictRules.from_toml,
        {"id": "town", "plans": {"a": {"department": "P"}}, "exclude": [{"id": "h", **SIDES}],
         "distance": [{"id": "d", "least_m": 10.0, **SIDES}]},
    ),
    "indicators": (
        IndicatorTree.from_toml,
        {"id": "town", "nodes": {"n": {"title": "N", "weight": 60.0}, "m": {"title": "M", "parent": "n"}},
         "indicators": {"rate": {"title": "R", "direction": "lower", "node": "m", "factor": 10.0, **HALF}}},
    ),
    "policy": (
        Policy.from_toml,
        {"version": 1, "secret": "x" * 40, "allow": [{"who": ["a"], "do": ["read"], "layers": ["b"], "hide": ["c"],
                                                      "what": ["d <> 'x'"], "mask": {"e": "drop"}}]},
    ),
    "days of a city": (
        CityDays.from_toml, {"days": [["2027-01-01", "free", "x"]], "years": [2027]},
    ),
}  # fmt: skip
DOCUMENTS = int(os.environ.get("STCLOUD_DOCUMENTS", "100"))


def places(document, place=()):
    """Give the place of each value of a document, outermost first."""
    yield place
    parts = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, value in parts:
        yield from places(value, (*place, key))


def changed(document, place, value):
    made = inner = copy.deepcopy(document)
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return made


@pytest.mark.parametrize(("read", "document"), READERS.values(), ids=READERS)
def test_a_document_is_read_or_refused_in_one_line(read, document):
    read(written(document), name="good.toml")
    chance = random.Random(7)
    spots = [place for place in places(document) if place]
    for _ in range(DOCUMENTS):
        place, value = chance.choice(spots), chance.choice(ODD)
        try:
            made = read(written(changed(document, place, value)), name="odd.toml")
        except (InvalidInput, NotFound) as error:
            told = str(error)
        else:
            told = digest_of(made)
            if hasattr(made, "to_toml"):
                assert read(made.to_toml(), name="again.toml") == made, (place, value)
        assert told.encode(), (place, value)
        assert "\n" not in told or "\n" in str(value), (place, value)


def digest_of(made):
    told = getattr(made, "digest", "read")
    return told() if callable(told) else told


LONG, DEEP = "a = " + "9" * 5000, "a = " + "[" * 100_000


@pytest.mark.parametrize("text", [LONG, DEEP, f"a = 0x{'f' * 9000}", f"version = 0x{'f' * 9000}"])
@pytest.mark.parametrize("read", {id(read): read for read, _ in READERS.values()}.values())
def test_numbers_of_thousands_of_digits_and_depth_are_told(read, text):
    with pytest.raises(InvalidInput) as caught:
        read(text, name="odd.toml")
    assert len(str(caught.value).splitlines()) == 1
    assert "odd.toml" in str(caught.value)


@pytest.mark.parametrize(
    "text", ['{"layer": "\\ud800"}', '{"layer": "a", "crs": "\\ud800"}', '{"\\ud800": 1}']
)
def test_half_a_character_in_json_is_told(text):
    with pytest.raises(InvalidDefinition, match="half a character"):
        Question.from_json(text, name="odd.json")
    with pytest.raises(InvalidDefinition, match="half a character"):
        StandingRule.from_json(f'{{"id": "a", "question": {text}}}', name="odd.json")
