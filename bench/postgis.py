"""The peer server: a PostgreSQL of our own with PostGIS, in a temporary folder, gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from bench.data import ZONE, Question

__all__ = ["CRS", "Connection", "Missing", "ask", "fill", "server", "version"]

_SRID = 32618
CRS = f"http://www.opengis.net/def/crs/EPSG/0/{_SRID}"
"""Of the table's points, as OGC API Features names it."""
_CLUSTER = ("-U", "bench", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "effective_cache_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_wal_size": "8GB",
    "fsync": "off",
    "synchronous_commit": "off",
    "timezone": "UTC",
}
_TABLE = f"CREATE TABLE events (id bigint, at timestamptz, geom geometry(Point, {_SRID}), category text)"
_INDEXES = (
    "CREATE INDEX ON events USING gist (geom)",
    "CREATE INDEX ON events USING btree (at)",
    "VACUUM ANALYZE events",
)
_QUESTION = f"""
SELECT floor(ST_X(geom) / 100), floor(ST_Y(geom) / 100), date_trunc('week', at AT TIME ZONE '{ZONE}'), count(*)
FROM events WHERE ST_Intersects(geom, ST_GeomFromWKB(%s, {_SRID})) AND at >= %s AND at < %s GROUP BY 1, 2, 3
"""
_BATCH = 200_000

Connection = psycopg.Connection[tuple[Any, ...]]
Process = subprocess.Popen[bytes]


class Missing(Exception):
    """There is no PostGIS to measure here; says why."""


@contextlib.contextmanager
def server() -> Iterator[Connection]:
    """Start a server that listens on a socket in its own folder only; give a connection; leave nothing behind.

    PostgreSQL refuses to run as root; root starts it as the user ``postgres``.
    """
    programs = _programs()
    owner: dict[str, Any] = {} if os.geteuid() else {"user": "postgres", "group": "postgres"}
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        _give(folder, owner)
        data = str(folder / "data")
        made = [str(programs / "initdb"), "-D", data, *_CLUSTER]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=folder, **owner)
        with _running(programs, folder, owner) as process, _connected(folder, process) as connection:
            _extend(connection)
            yield connection
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(programs: Path, folder: Path, owner: dict[str, Any]) -> Iterator[Process]:
    settings = [f"--{name}={text}" for name, text in _SETTINGS.items()]
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *settings]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **owner)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)  # does not wait for sessions
        process.wait(60)


def version(connection: Connection) -> str:
    """Return the versions of PostgreSQL and PostGIS."""
    row = connection.execute(
        "SELECT current_setting('server_version') || ', PostGIS ' || postgis_lib_version()"
    ).fetchone()
    return str(row[0]) if row else ""


def fill(connection: Connection, source: Path) -> float:
    """Copy the events in and index them; return the seconds."""
    start = time.perf_counter()
    connection.execute(_TABLE)
    with connection.cursor() as cursor, cursor.copy("COPY events FROM STDIN") as copy:
        for batch in pq.ParquetFile(source).iter_batches(_BATCH):
            copy.write("".join("\t".join(row) + "\n" for row in _rows(batch)))
    for statement in _INDEXES:
        connection.execute(statement)
    return time.perf_counter() - start


def ask(connection: Connection, question: Question) -> tuple[float, int, int]:
    """Ask a question; return seconds, events and groups."""
    values = (shapely.to_wkb(question.metric), *question.span)
    start = time.perf_counter()
    rows = connection.execute(_QUESTION, values).fetchall()
    return time.perf_counter() - start, sum(row[-1] for row in rows), len(rows)


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[str, ...]]:
    points = shapely.points(batch["x"].to_numpy(), batch["y"].to_numpy())
    places = shapely.to_wkb(shapely.set_srid(points, _SRID), hex=True, include_srid=True)
    number, at, category = (batch[name].cast("string").to_pylist() for name in ("id", "at", "category"))
    return zip(number, at, places, category, strict=True)


def _connected(folder: Path, process: Process) -> Connection:
    """Nothing is prepared: a plan that serves any area would serve each badly."""
    for _ in range(300):
        if process.poll() is not None:
            raise Missing(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
        with contextlib.suppress(psycopg.OperationalError):
            where = f"host={folder} user=bench dbname=postgres"
            return psycopg.connect(where, autocommit=True, prepare_threshold=None)
        time.sleep(0.1)
    raise Missing("PostgreSQL did not answer for 30 s")


def _extend(connection: Connection) -> None:
    try:
        connection.execute("CREATE EXTENSION postgis")
    except psycopg.Error as error:
        raise Missing("there is a PostgreSQL without PostGIS") from error


def _programs() -> Path:
    """Folder of the newest PostgreSQL's programs: Debian's, or the one on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise Missing("there is no PostgreSQL")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


def _give(folder: Path, owner: dict[str, Any]) -> None:
    if not owner:
        return
    try:
        shutil.chown(folder, **owner)
    except LookupError as error:
        raise Missing("PostgreSQL does not run as root, and there is no user postgres") from error
