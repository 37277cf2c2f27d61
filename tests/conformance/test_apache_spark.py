"""Apache Spark's own server answers as all engines do; it reads the files that a plan is left with."""

from __future__ import annotations

from pathlib import Path

import pytest

import stcloud
from stcloud.iaas.engine.model import Engine
from stcloud.testing.engines import corpus, difference
from stcloud.testing.scenes import scenes

FIXTURES = Path(__file__).parents[2] / "fixtures"
QUESTIONS = corpus()

pytestmark = pytest.mark.slow


def test_apache_spark_answers_the_corpus_as_the_oracle(tmp_path: Path, apache_spark: Engine) -> None:
    faults = {}
    for name, scene in scenes(FIXTURES).items():
        folder, oracle = tmp_path / name.replace("/", "-"), scene.oracle()
        scene.build(folder)
        scene.load_all(oracle)
        city = stcloud.open(folder, engine=apache_spark)
        for question in QUESTIONS:
            if question.scene == name:
                try:
                    fault = difference(question.ask(city, scene.layer).table, oracle.answer(question))
                except Exception as error:  # noqa: BLE001  (all faults at once)
                    fault = f"{type(error).__name__}: {error}"
                if fault:
                    faults[question.name] = fault
    assert faults == {}
