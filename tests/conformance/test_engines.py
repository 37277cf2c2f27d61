"""Every engine answers the corpus as the oracle does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.iaas.engine.model import Engine
from stcloud.testing.engines import corpus, difference
from stcloud.testing.examples import examples
from stcloud.testing.oracle import Oracle
from stcloud.testing.query import ask_both
from stcloud.testing.scenes import Scene, scenes

FIXTURES = Path(__file__).parents[2] / "fixtures"
QUESTIONS = corpus()
ASKED = [
    pytest.param(engine, number, id=f"{engine}-{question.name}")
    for engine in ("duckdb", "sail", "duckdb_by_sql")
    for number, question in enumerate(QUESTIONS)
    # Only rows of a place are fetched in two ways.
    if engine != "duckdb_by_sql" or question.where or question.name.startswith("refined")
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Scene, Path, Oracle]]:
    """Cities and oracles, loaded alike."""
    folder = tmp_path_factory.mktemp("scenes")
    found = {}
    for name, scene in scenes(FIXTURES).items():
        city, oracle = folder / name.replace("/", "-"), scene.oracle()
        for reckoning, tally in zip(scene.build(city), scene.load_all(oracle), strict=True):
            assert reckoning.counts == tally.counts
            assert dict(reckoning.unplaced_by) == tally.unplaced_by
        found[name] = (scene, city, oracle)
    return found


@pytest.fixture(scope="module")
def expected(built: dict[str, tuple[Scene, Path, Oracle]]) -> Callable[[int], pd.DataFrame]:
    """What the oracle answers, asked once for all engines."""
    return functools.cache(lambda number: built[QUESTIONS[number].scene][2].answer(QUESTIONS[number]))


@pytest.mark.costly
@pytest.mark.parametrize(("engine", "number"), ASKED)
def test_engine_answers_as_the_oracle(
    engine: str,
    number: int,
    built: dict[str, tuple[Scene, Path, Oracle]],
    expected: Callable[[int], pd.DataFrame],
    request: pytest.FixtureRequest,
) -> None:
    question = QUESTIONS[number]
    scene, folder, _ = built[question.scene]
    city = stcloud.open(folder, engine=request.getfixturevalue(engine))
    found = difference(question.ask(city, scene.layer).table, expected(number))
    assert found is None, found


@pytest.mark.slow
@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_sail_answers_any_question_as_the_oracle(sail: Engine, data: st.DataObject) -> None:
    ask_both(sail, data)


def test_names_of_questions_are_their_own() -> None:
    names = [question.name for question in QUESTIONS]
    assert len(set(names)) == len(names)
