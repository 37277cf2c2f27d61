"""Sessions at Spark Connect endpoints: opened within seconds or not at all, and what goes wrong at them.

Tested by ``tests/iaas/engine/test_spark.py``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

from stcloud.errors import MissingExtra, StorageError, Unsupported

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["endpoint_errors", "open_session", "shown_url"]

_PORT, _CONNECT_S, _CALL_S = 15002, 3.0, 10.0
_PLAIN = ("grpc.compression_enabled_algorithms_bitset", 1)
"""Rows travel as they are: a server that may would gzip them, and take six times as long."""
_SHORT = ("Config", "ReleaseSession", "ReleaseExecute")
"""Calls that wait for no rows: an endpoint answers them soon, or never."""
_RETRIES: dict[str, Any] = {
    "max_retries": 5, "initial_backoff": 100, "backoff_multiplier": 2.0, "max_backoff": 2000,
    "max_server_retry_delay": 5000,
}  # fmt: skip
"""About five seconds in all; pyspark's own tries go on for ten minutes."""
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",  # what has no value is null, as in other engines; no error
    "spark.sql.caseSensitive": "true",
}
_GONE = ("UNAVAILABLE", "DEADLINE_EXCEEDED")
_REFUSED = ("AnalysisException", "ParseException", "UnsupportedOperationException")
"""What endpoints raise before they read a row."""


def open_session(url: str) -> SparkSession:
    """Open a session at ``sc://host:port``; raises as `Spark`."""
    try:
        with warnings.catch_warnings(), _some_home():
            warnings.simplefilter("ignore")  # pyspark warns of pandas 3, which it does not use here
            from pyspark.sql.connect.client import DefaultChannelBuilder  # noqa: PLC0415  (an extra, heavy)
            from pyspark.sql.connect.session import SparkSession as Session  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            "missing-spark", "the engine 'sc://…' needs pyspark", hint="pip install 'stcloud[spark]'"
        ) from error
    _quieten()
    try:
        _touch(url)
        channel = DefaultChannelBuilder(url, channelOptions=[_PLAIN])
        channel.add_interceptor(_deadline())
        _await(channel.toChannel())
        session: Any = Session.builder.channelBuilder(channel).create()
        session.client.set_retry_policies([_policy()])
        for name, text in _SETTINGS.items():
            session.conf.set(name, text)
    except Exception as error:
        raise _unreachable(shown_url(url)) from error
    return cast("SparkSession", session)


@contextlib.contextmanager
def _some_home() -> Iterator[None]:
    """Keep pyspark from ending a process without a main file (``python -c``), which it takes for its own tests."""
    if "SPARK_HOME" in os.environ:
        yield
        return
    os.environ["SPARK_HOME"] = "none"
    try:
        yield
    finally:
        del os.environ["SPARK_HOME"]


def shown_url(url: str) -> str:
    """Return an address without its parameters, which may be secret.

    >>> shown_url("sc://example.org:443/;token=secret;use_ssl=true")
    'sc://example.org:443'
    """
    return url.partition(";")[0].rstrip("/")


@contextlib.contextmanager
def endpoint_errors(url: str) -> Iterator[None]:
    """Turn pyspark's errors into ours.

    Raises
    ------
    StorageError
        ``engine-unreachable``: the endpoint no longer answers.
    Unsupported
        ``engine-lacks``: it refuses the statement, before it reads a row; ``engine-failed``: it fails on the way.
    """
    from pyspark.errors import PySparkException  # noqa: PLC0415  (an extra, heavy)

    try:
        yield
    except PySparkException as error:
        kind, text = type(error).__name__, _line(str(error))
        code = str(getattr(error, "getGrpcStatusCode", lambda: None)())
        if any(gone in code or gone in text for gone in _GONE):
            raise _unreachable(url) from error
        if kind in _REFUSED:
            raise Unsupported(
                "engine-lacks", f"the engine at {url} cannot run this question: {text}",
                hint="leave engine out: DuckDB runs it", in_shell="leave --engine out: DuckDB runs it",
            ) from error  # fmt: skip
        raise Unsupported("engine-failed", f"the engine at {url} failed: {text}") from error


def _unreachable(url: str) -> StorageError:
    return StorageError(
        "engine-unreachable", f"no Spark Connect endpoint answers at {url}",
        hint="start it, or leave engine out", in_shell="start it, or leave --engine out",
    )  # fmt: skip


def _line(text: str) -> str:
    """Return the line that says what is wrong: of a worker's traceback the last, else the first."""
    lines = [line.strip() for line in text.partition("JVM stacktrace")[0].splitlines() if line.strip()]
    worker = any(line.startswith("Traceback (most recent call last)") for line in lines)
    return (lines[-1 if worker else 0] if lines else "it gave no reason")[:300]


def _touch(url: str) -> None:
    """Fail soon where nothing listens."""
    place = urlsplit(url)
    if place.hostname:
        socket.create_connection((place.hostname, place.port or _PORT), timeout=_CONNECT_S).close()


def _await(channel: Any) -> None:
    """Fail soon where something listens that does not speak gRPC, or not at all."""
    import grpc  # noqa: PLC0415  (comes with pyspark)

    try:
        grpc.channel_ready_future(channel).result(timeout=_CONNECT_S)
    finally:
        channel.close()


class _Details(NamedTuple):
    """A call to be made, as gRPC describes it."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: Any
    compression: Any


def _deadline() -> Any:
    """Return what gives short calls a deadline: an endpoint that hangs would hold its client for ever."""
    import grpc  # noqa: PLC0415  (comes with pyspark)

    class Deadline(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc, unused-ignore]
        def intercept_unary_unary(
            self, continuation: Callable[[Any, Any], Any], details: Any, request: Any
        ) -> Any:
            if str(details.method).rpartition("/")[2] in _SHORT:
                details = _Details(
                    details.method, _CALL_S, details.metadata, details.credentials,
                    getattr(details, "wait_for_ready", None), getattr(details, "compression", None),
                )  # fmt: skip
            return continuation(details, request)

    return Deadline()


def _policy() -> Any:
    """Return how often calls are tried again; then their own error is raised, without the warning of pyspark."""
    from pyspark.sql.connect.client import retries  # noqa: PLC0415  (an extra, heavy)

    class State(retries.RetryPolicyState):  # type: ignore[misc, unused-ignore]
        def next_attempt(self, exception: BaseException | None = None) -> int | None:
            wait_ms: int | None = super().next_attempt(exception)
            if wait_ms is None and exception is not None:
                raise exception
            return wait_ms

    class Bounded(retries.DefaultPolicy):  # type: ignore[misc, unused-ignore]
        def to_state(self) -> State:
            return State(self)

    return Bounded(**_RETRIES)


def _quieten() -> None:
    """Let pyspark log nothing by itself: what goes wrong is an error, told once."""
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger", "pyspark.sql.connect.logging"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
