"""Spark Connect servers of a test's own, on loopback: Apache Spark's, and Sail.

Apache Spark comes from a folder that `make .venv/.apache-spark` lays beside the environment: the full package has
the same module names as the client, so it is not installed into it.

Tested by `tests/conformance/test_engines.py` and `tests/conformance/test_apache_spark.py`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["NoSpark", "apache_spark_server", "sail_process", "sail_server"]

_JAVAS = frozenset({17, 21})
"""What Apache Spark 4 is published for."""
_STARTED = re.compile(r"Spark Connect server started at: (\S+):(\d+)")
_PATIENCE_S = 90.0
_SETTINGS = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
}
_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.file.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %m%n%ex
logger.connect.name = org.apache.spark.sql.connect.service.SparkConnectServer
logger.connect.level = info
"""


class NoSpark(Exception):
    """Apache Spark's server cannot be started here; says why."""


@contextlib.contextmanager
def apache_spark_server(
    home: Path | None = None, settings: dict[str, str] | None = None, *, cores: int = 2
) -> Iterator[str]:
    """Start Apache Spark's own Connect server, give its address ``sc://127.0.0.1:port``, end it.

    Parameters
    ----------
    home
        Folder that holds ``bin`` and ``jars``; None: the one that ``make .venv/.apache-spark`` lays.
    settings
        Further settings, by name.
    cores
        How many tasks run at once.

    Raises
    ------
    NoSpark
        There is no Java 17, or no jars; or the server does not start.
    """
    home = home or Path(sys.prefix) / ".apache-spark" / "pyspark"
    if not (home / "jars").is_dir():
        raise NoSpark("its jars are not there; make .venv/.apache-spark")
    folder = Path(tempfile.mkdtemp(prefix="spark-"))
    try:
        (folder / "log4j2.properties").write_text(_LOGGING)
        command = _command(home, folder, _SETTINGS | (settings or {}), cores)
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                command, cwd=folder, env=_environment(home, folder), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        try:
            yield _address(server, folder / "log")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)  # with the workers that it started
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def sail_server() -> Iterator[str]:
    """Start Sail in this process, give its address ``sc://127.0.0.1:port``, stop it.

    Raises
    ------
    ModuleNotFoundError
        pysail is not installed.
    """
    os.environ["RUST_LOG"] = "off"  # before the server's library is loaded
    os.environ["SAIL_SPARK__SESSION_TIMEOUT_SECS"] = "86400"  # a session that rests for 20 minutes would end
    from pysail.spark import SparkConnectServer  # noqa: PLC0415  (for tests, perhaps not there)

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    host, port = server.listening_address
    try:
        yield f"sc://{host}:{port}"
    finally:
        server.stop()


_SERVE = """
from stcloud.testing.sparkserver import sail_server
with sail_server() as url:
    print(url, flush=True)
    input()
"""


@contextlib.contextmanager
def sail_process() -> Iterator[str]:
    """Start Sail in a process of its own, whose workers know nothing of this one; give its address, end it."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def _command(home: Path, folder: Path, settings: dict[str, str], cores: int) -> list[str]:
    own = {
        "spark.local.dir": str(folder / "scratch"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile=file:{folder}/log4j2.properties -Xss4m",
    }
    pairs = [f"{name}={text}" for name, text in (settings | own).items()]
    return [
        str(home / "bin" / "spark-submit"), "--master", f"local[{cores}]",
        "--class", "org.apache.spark.sql.connect.service.SparkConnectServer",
        *(word for pair in pairs for word in ("--conf", pair)), "spark-internal",
    ]  # fmt: skip


def _environment(home: Path, folder: Path) -> dict[str, str]:
    """Return the environment of the server: its workers run this interpreter, with the server's own pyspark."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
    return kept | {
        "JAVA_HOME": str(_java()), "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_CONF_DIR": str(folder), "PYSPARK_PYTHON": sys.executable,
    }  # fmt: skip


def _java() -> Path:
    """Return the folder of a Java that Apache Spark runs on."""
    homes = [os.environ.get("JAVA_HOME"), *map(str, sorted(Path("/usr/lib/jvm").glob("*")))]
    if on_path := shutil.which("java"):
        homes.insert(1, str(Path(on_path).resolve().parents[1]))
    for home in filter(None, homes):
        java = Path(home) / "bin" / "java"
        if java.is_file() and _version(java) in _JAVAS:
            return Path(home)
    raise NoSpark("there is no Java 17 or 21")


def _version(java: Path) -> int:
    text = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    number = re.search(r'version "(\d+)', text)
    return int(number[1]) if number else 0


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Return where the server listens, once it does."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        started = _STARTED.search(log.read_text(errors="replace"))
        if started:
            return f"sc://{started[1]}:{started[2]}"
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise NoSpark(f"it did not start: {log.read_text(errors='replace')[-2000:]}")
