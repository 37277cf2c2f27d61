"""The engines: DuckDB in this process, and Spark Connect on a server on loopback."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

import pytest

from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import Engine


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
    os.environ["RUST_LOG"] = "off"  # before the server's library is loaded
    pysail = pytest.importorskip("pysail.spark", reason="pysail is not installed")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        pytest.importorskip("pyspark.sql.connect.session", reason="pyspark is not installed")
    from stcloud.iaas.engine.spark import Spark

    os.environ["SAIL_SPARK__SESSION_TIMEOUT_SECS"] = "86400"  # a session that rests for 20 minutes would end
    server = pysail.SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    host, port = server.listening_address
    engine = Spark(f"sc://{host}:{port}")
    yield engine
    engine.close()
    server.stop()
