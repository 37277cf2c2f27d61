"""Cities in buckets answer the corpus as the oracle does: asked by this process, and by an engine elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

import stcloud
from stcloud.city.city import City
from stcloud.daas.configuration import CityConfiguration
from stcloud.iaas.engine.model import Engine
from stcloud.iaas.engine.spark import Spark
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.mount import mount
from stcloud.iaas.store.opening import open_store
from stcloud.testing.engines import corpus, difference
from stcloud.testing.objectserver import ObjectServer
from stcloud.testing.oracle import Oracle
from stcloud.testing.scenes import Scene, scenes
from stcloud.testing.sparkserver import sail_server

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Scene, Path, Oracle]]:
    """Cities in folders, and their oracles."""
    folder = tmp_path_factory.mktemp("cities")
    cities = {}
    for name, scene in scenes(FIXTURES).items():
        place, oracle = folder / name.replace("/", "-"), scene.oracle()
        scene.build(place)
        scene.load_all(oracle)
        cities[name] = (scene, place, oracle)
    return cities


def faults(city: City, name: str, scene: Scene, oracle: Oracle, every: int = 1) -> dict[str, str]:
    """Return what answers differ in."""
    asked = [question for question in corpus() if question.scene == name]
    compared = {
        question.name: difference(question.ask(city, scene.layer).table, oracle.answer(question))
        for question in asked[::every]
    }
    assert compared
    return {name: fault for name, fault in compared.items() if fault}


@pytest.mark.thorough
def test_a_mounted_city_answers_the_corpus_as_the_oracle(
    built: dict[str, tuple[Scene, Path, Oracle]], tmp_path: Path, duckdb: Engine
) -> None:
    for name, (scene, place, oracle) in built.items():
        root = tmp_path / place.name
        folder = Folder(root, mount(root, LocalStore(place)))
        configuration = CityConfiguration.from_toml(folder.read_text("city.toml"))
        assert faults(City(folder, configuration, engine=duckdb), name, scene, oracle) == {}


@pytest.mark.slow
def test_a_bucket_is_read_by_sail_and_by_this_process_alike(
    built: dict[str, tuple[Scene, Path, Oracle]],
    s3: ObjectServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in s3.environment.items():  # the engine has credentials of its own
        monkeypatch.setenv(name, value)
    with sail_server() as url:
        engine = Spark(url)
        for name, (scene, place, oracle) in built.items():
            address = s3.address(f"questions/{place.name}")
            store, here = open_store(address), LocalStore(place)
            for key in here.list():
                store.put(key, here.get(key))
            for asked, every in (("duckdb", 5), (engine, 1)):
                with stcloud.open(address, cache=tmp_path / "cache", engine=asked) as city:
                    assert faults(city, name, scene, oracle, every) == {}
        engine.close()
