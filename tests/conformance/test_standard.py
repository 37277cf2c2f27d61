"""The questions about CQL2 are worth asking: each operator is true of one row and false of another."""

from __future__ import annotations

from pathlib import Path

import cql2
import pytest

from stcloud.testing.logic import evaluate
from stcloud.testing.oracle import Oracle
from stcloud.testing.scenes import edges, spans
from stcloud.testing.standard import CLASSES

DOCUMENTED = (Path(__file__).parents[2] / "docs" / "reference" / "filters.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def oracles() -> dict[str, Oracle]:
    found = {}
    for scene in (edges(), spans()):
        found[scene.name] = scene.oracle()
        scene.load_all(found[scene.name])
    return found


@pytest.mark.parametrize(
    ("scene", "what"),
    [
        pytest.param(scene, what, id=f"{name}-{operator}")
        for name, (scene, cases) in CLASSES.items()
        for operator, what in cases.items()
    ],
)
def test_a_case_is_true_of_one_row_and_false_of_another(
    scene: str, what: str, oracles: dict[str, Oracle]
) -> None:
    oracle, tree = oracles[scene], cql2.parse_text(what).to_json()
    records = [one.record for one in oracle.states if one.to_us is None]
    said = [evaluate(tree, oracle._named(record), oracle._zone) for record in records]
    assert {True, False} <= set(said)


def test_every_class_is_documented() -> None:
    for name in CLASSES:
        assert f"`{name}`" in DOCUMENTED
