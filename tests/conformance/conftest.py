"""The engines: DuckDB in this process, and Spark Connect on servers on loopback."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import pytest

from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import Engine
from stcloud.testing.sparkserver import NoSpark, apache_spark_server, sail_process, sail_server

INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
}
"""Small questions take half the time where no code is compiled for them."""


@pytest.fixture(scope="session")
def duckdb() -> Iterator[Engine]:
    engine = Duck()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def duckdb_by_sql() -> Iterator[Engine]:
    """DuckDB that takes every layer for a large one: rows of a place are fetched by SQL."""
    engine = Duck(small_rows=0)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def sail() -> Iterator[Engine]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        pytest.importorskip("pyspark.sql.connect.session", reason="pyspark is not installed")
    pytest.importorskip("pysail", reason="pysail is not installed")
    from stcloud.iaas.engine.spark import Spark

    with sail_server() as url:
        engine = Spark(url)
        yield engine
        engine.close()


@pytest.fixture(scope="session")
def sail_apart(sail: Engine) -> Iterator[Engine]:
    """Sail in a process of its own: its workers have no city open."""
    from stcloud.iaas.engine.spark import Spark

    with sail_process() as url:
        engine = Spark(url)
        yield engine
        engine.close()


@pytest.fixture(scope="session")
def apache_spark() -> Iterator[Engine]:
    """Apache Spark's own server, which takes ten seconds to start: for slow tests."""
    pytest.importorskip("pyspark.sql.connect.session", reason="pyspark is not installed")
    from stcloud.iaas.engine.spark import Spark

    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(apache_spark_server(settings=INTERPRETED))
        except NoSpark as error:
            pytest.skip(f"Apache Spark's server is not available: {error}")
        engine = Spark(url)
        yield engine
        engine.close()
