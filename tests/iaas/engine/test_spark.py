"""Endpoints that are down cost seconds; statements that endpoints would answer differently are refused."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import pyarrow as pa
import pytest
import sqlglot

import stcloud
from stcloud.errors import StcloudError
from stcloud.iaas.engine.model import Refine, Sql
from stcloud.iaas.engine.spark_dialect import in_spark, refuse_lacking
from stcloud.testing.sparkserver import sail_server

SECONDS = 30.0  # a machine that does much else; pyspark by itself tries for ten minutes


@contextlib.contextmanager
def listening(meet: Callable[[socket.socket], object]) -> Iterator[str]:
    """Listen, and give each connection to a function."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    meet(listener.accept()[0])

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"sc://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextlib.contextmanager
def silence() -> Iterator[str]:
    """Accept connections, and never say a word."""
    held: list[socket.socket] = []
    with listening(held.append) as url:
        yield url
    for connection in held:
        connection.close()


@contextlib.contextmanager
def another_protocol() -> Iterator[str]:
    """Answer every connection as a web server of old would."""

    def answer(connection: socket.socket) -> None:
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

    with listening(answer) as url:
        yield url


@contextlib.contextmanager
def calls_that_hang() -> Iterator[str]:
    """Speak gRPC, and answer no call."""
    grpc = pytest.importorskip("grpc", reason="pyspark is not installed")
    over = threading.Event()

    class Hanging(grpc.GenericRpcHandler):  # type: ignore[misc, name-defined]
        def service(self, _: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(lambda *_: over.wait(60) and None)

    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Hanging()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"sc://127.0.0.1:{port}"
    over.set()
    server.stop(None)


@pytest.fixture
def nothing() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"sc://127.0.0.1:{listener.getsockname()[1]}"


def refused(action: Callable[[], object]) -> StcloudError:
    """Return the error of an action, which must come in seconds."""
    since = time.monotonic()
    with pytest.raises(StcloudError) as caught:
        action()
    assert time.monotonic() - since < SECONDS
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("server", [silence, another_protocol, calls_that_hang])
def test_an_endpoint_that_does_not_answer_costs_seconds(
    server: Callable[[], contextlib.AbstractContextManager[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = pytest.importorskip("stcloud.iaas.engine.spark_session", reason="pyspark is not installed")
    from stcloud.iaas.engine.spark import Spark

    monkeypatch.setattr(session, "_CONNECT_S", 1.0)
    monkeypatch.setattr(session, "_CALL_S", 1.0)
    with server() as url:
        error = refused(lambda: Spark(url))
    assert error.kind == "engine-unreachable"
    assert url in str(error)


@pytest.mark.thorough
def test_an_endpoint_that_died_is_told_in_seconds() -> None:
    pytest.importorskip("pysail", reason="pysail is not installed")
    from stcloud.iaas.engine.spark import Spark

    with sail_server() as url:
        engine = Spark(url)
        assert engine.run([Sql(one(), {})], {}).read_all().to_pylist() == [{"a": 1}]
    assert refused(lambda: engine.run([Sql(one(), {})], {})).kind == "engine-unreachable"
    since = time.monotonic()
    engine.close()
    assert time.monotonic() - since < SECONDS


def one() -> Any:
    return sqlglot.parse_one("SELECT 1 AS a")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT APPROX_QUANTILE(a, 0.5) FROM layer", "approximate quantiles"),
        ("SELECT APPROX_COUNT_DISTINCT(a) FROM layer", "approximate counts"),
        ("SELECT EXTRACT(yearofweek FROM a) FROM layer", "ISO week"),
        ("SELECT a FROM (SELECT RANDOM() AS a FROM layer)", "random"),
    ],
)
def test_what_endpoints_answer_differently_is_refused_before_it_starts(text: str, why: str) -> None:
    error = refused(lambda: refuse_lacking(sqlglot.parse_one(text, dialect="duckdb"), "spark (sc://a:1)"))
    assert error.kind == "engine-lacks"
    assert why in str(error)
    assert "sc://a:1" in str(error)


def test_what_all_endpoints_answer_alike_is_not_refused() -> None:
    text = "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a) AS p, COUNT(DISTINCT b) AS n FROM layer"
    refuse_lacking(sqlglot.parse_one(text, dialect="duckdb"), "spark")
    text = "SELECT QUANTILE_CONT(a, [0.25, 0.9]) AS p FROM layer"
    assert in_spark(sqlglot.parse_one(text, dialect="duckdb")).count("PERCENTILE(") == 1


def test_what_an_endpoint_refuses_is_one_line_and_leaves_the_session_usable() -> None:
    pytest.importorskip("pysail", reason="pysail is not installed")
    from stcloud.iaas.engine.spark import Spark

    with sail_server() as url:
        engine = Spark(url)
        query = sqlglot.parse_one("SELECT NO_SUCH_FUNCTION(a) AS b FROM layer")
        error = refused(lambda: engine.run([Sql(query, {})], {"layer": pa.table({"a": [1, 2]})}))
        assert error.kind == "engine-lacks"
        assert url in str(error)
        assert engine.run([Sql(one(), {})], {}).read_all().to_pylist() == [{"a": 1}]
        engine.close()


def test_what_fails_on_the_way_is_one_line() -> None:
    pytest.importorskip("pysail", reason="pysail is not installed")
    from stcloud.iaas.engine.spark import Spark

    def fail(_: pa.RecordBatch) -> pa.RecordBatch:
        raise ValueError("of no use")

    with sail_server() as url:
        engine = Spark(url)
        error = refused(lambda: engine.run([Sql(one(), {}), Refine(fail)], {}))
        assert error.kind == "engine-failed"
        assert url in str(error)
        engine.close()


def test_the_errors_are_those_of_a_city(tmp_path: Any, nothing: str) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    city = stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland")
    rows = pa.table({"id": ["a"], "at": ["2024-04-07 12:30"], "x": [174.7], "y": [-36.8]})
    city.load("calls", rows, key="id", time="at", x="x", y="y", crs="EPSG:4326")
    error = refused(
        lambda: stcloud.open(tmp_path / "city", engine=f"{nothing}/;token=secret").query("calls").count()
    )
    assert error.kind == "engine-unreachable"
    assert nothing in str(error)
    assert "secret" not in str(error)


def test_a_process_without_a_main_file_is_not_ended():
    """pyspark takes it for its own doctests, looks for a home of Spark and exits; conftest hides that."""
    code = (
        "from stcloud.errors import StorageError\n"
        "from stcloud.iaas.engine.spark_session import open_session\n"
        "import os\n"
        "try:\n"
        "    open_session('sc://127.0.0.1:1')\n"
        "except StorageError as error:\n"
        "    print(error.kind, 'SPARK_HOME' in os.environ)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "SPARK_HOME"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stdout.split() == ["engine-unreachable", "False"], done.stderr
