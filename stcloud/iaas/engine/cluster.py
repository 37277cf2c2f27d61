"""Work on the workers of a Spark Connect endpoint: tasks, tables that they make, rows brought together by a column.

The endpoint schedules and shuffles; what a task does is our own code, which is sent there by name. So every worker
needs this version of stcloud, and sees the city's folder and the files under the same paths; that is looked at first.

Tested by ``tests/conformance/test_cluster_loads.py`` and ``tests/conformance/test_cluster_failures.py``.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import pyarrow as pa

from stcloud import errors
from stcloud.errors import StcloudError, StorageError, Unsupported

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession


__all__ = ["Cluster", "Connected", "Report", "installed_version", "without_parameters"]

Report: TypeAlias = dict[str, Any]
"""What a task says of its work, as JSON has it."""

_REPORTS = "report string"
_FAILED = "failed"
_ERROR = re.compile(r"^\s*((?!java|org)[A-Za-z][\w.]*(?:Error|Exception): .*)$", re.MULTILINE)
_PREFIX = "stcloud-error:"
_PROBES = 64
"""So many small tasks are likely to meet every worker of a small cluster."""


@runtime_checkable
class Connected(Protocol):
    """An engine on an endpoint that has workers: `stcloud.iaas.engine.spark.Spark`."""

    url: str

    @property
    def session(self) -> SparkSession:
        """The session, for work that is no question."""


class Cluster:
    """The workers of a Spark Connect endpoint.

    Parameters
    ----------
    spark
        The engine; its owner closes it.
    """

    def __init__(self, spark: Connected) -> None:
        self._session: SparkSession = spark.session
        self.url = without_parameters(spark.url)
        self._probed = False
        self._views: list[str] = []
        self.slots = 1
        """How many tasks run at once; more would only take memory."""

    def probe(self, folder: Path) -> None:
        """Look at the workers, once: their stcloud, whether they see a folder, how many processors they have.

        Parameters
        ----------
        folder
            Where the work lies; a file is made there for them to read.

        Raises
        ------
        Unsupported
            ``engine-differs``: a worker has no stcloud or another version; ``engine-folder``: it does not see
            the folder.
        """
        if self._probed:
            return
        token = folder / f"probe-{uuid.uuid4().hex}"
        token.write_text(token.name)
        frame = self._session.range(0, _PROBES, 1, _PROBES).mapInArrow(_looking(str(token)), _REPORTS)
        reports = self._collected(frame)
        token.unlink(missing_ok=True)
        own = installed_version()
        for report in reports:
            if report["version"] != own:
                has = f"stcloud {report['version']}" if report["version"] else "no stcloud"
                raise Unsupported(
                    "engine-differs",
                    f"worker {report['host']} of {self.url} has {has}, and this is stcloud {own}",
                    hint=f"install it there: pip install 'stcloud=={own}'",
                )
            if not report["sees"]:
                raise Unsupported(
                    "engine-folder",
                    f"worker {report['host']} of {self.url} does not see {folder}",
                    hint="share the city's folder, or the working folder of its bucket, under the same path",
                )
        processors = {report["host"]: report["processors"] for report in reports}
        self.slots = max(2, sum(processors.values()))
        self._probed = True

    def run(self, work: Callable[[Any], Iterator[Report]], tasks: Sequence[Any]) -> list[Report]:
        """Do work on tasks, and return what they report, in the order of the tasks.

        Raises
        ------
        StcloudError
            The first that a task raised.
        Unsupported
            ``engine-failed``: the endpoint gave up.
        """
        if not tasks:
            return []
        frame = self._tasks(len(tasks)).mapInArrow(_Tasked(work, tuple(tasks)), _REPORTS)
        return sorted(self._collected(frame), key=lambda report: int(report["task"]))

    def table(
        self, work: Callable[[Any], Iterator[pa.RecordBatch]], tasks: Sequence[Any], schema: pa.Schema
    ) -> DataFrame:
        """Return the table that work makes of tasks; it is made when it is read."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  (an extra, heavy)

        columns = from_arrow_schema(schema)
        if not tasks:
            return self._session.range(0, 0, 1, 1).mapInArrow(_Made(work, ()), columns)
        return self._tasks(len(tasks)).mapInArrow(_Made(work, tuple(tasks)), columns)

    def query(self, text: str, **tables: DataFrame) -> DataFrame:
        """Return what a query gives until it is gathered; ``{name}`` in its text stands for a table."""
        names = {name: f"st_{uuid.uuid4().hex}" for name in tables}
        for name, table in tables.items():
            table.createOrReplaceTempView(names[name])
        self._views += names.values()
        return self._session.sql(text.format(**names))

    def spread(
        self,
        table: DataFrame,
        by: str,
        work: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]],
        schema: pa.Schema,
    ) -> DataFrame:
        """Bring rows of one value of a column to one worker, and return the table that work makes of them."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  (an extra, heavy)

        return table.repartition(self.slots, by).mapInArrow(_Brought(work), from_arrow_schema(schema))

    def gather(
        self, table: DataFrame, by: str, work: Callable[[Iterator[pa.RecordBatch]], Iterator[Report]]
    ) -> list[Report]:
        """Bring rows of one value of a column to one worker, and return what work on them reports."""
        frame = table.repartition(self.slots, by).mapInArrow(_Gathered(work), _REPORTS)
        try:
            return self._collected(frame)
        finally:
            while self._views:
                self._session.catalog.dropTempView(self._views.pop())

    def _tasks(self, count: int) -> DataFrame:
        return self._session.range(0, count, 1, min(count, self.slots))

    def _collected(self, frame: DataFrame) -> list[Report]:
        try:
            texts = frame.toArrow().column(0).to_pylist()
        except StcloudError:
            raise
        except Exception as error:
            raise _raised(error, self.url) from error
        reports = [json.loads(text) for text in texts]
        for report in reports:
            if _FAILED in report:
                raise _rebuilt(report[_FAILED])
        return reports


@dataclass(frozen=True, slots=True)
class _Tasked:
    """Does work on tasks by their numbers."""

    work: Callable[[Any], Iterator[Report]]
    tasks: tuple[Any, ...]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                for report in _reports(self.work(self.tasks[number])):
                    yield _line({**report, "task": number})


@dataclass(frozen=True, slots=True)
class _Made:
    """Makes a table of tasks by their numbers."""

    work: Callable[[Any], Iterator[pa.RecordBatch]]
    tasks: tuple[Any, ...]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with _described_in_text():
            for batch in batches:
                for number in batch.column(0).to_pylist():
                    yield from self.work(self.tasks[number])


@dataclass(frozen=True, slots=True)
class _Brought:
    """Makes a table of the rows of a partition."""

    work: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with _described_in_text():
            yield from self.work(batches)


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Does work on the rows of a partition."""

    work: Callable[[Iterator[pa.RecordBatch]], Iterator[Report]]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for report in _reports(self.work(batches)):
            yield _line({**report, "task": 0})


@contextlib.contextmanager
def _described_in_text() -> Iterator[None]:
    """Let errors say what they are in their text: of an error in a table an endpoint passes on the text alone."""
    try:
        yield
    except StcloudError as error:
        raise RuntimeError(f"{_PREFIX}{json.dumps(_described(error))}") from error


def _reports(reports: Iterator[Report]) -> Iterator[Report]:
    try:
        yield from reports
    except StcloudError as error:
        yield {_FAILED: _described(error)}


def _line(report: Mapping[str, Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"report": [json.dumps(report)]})


def _described(error: StcloudError) -> dict[str, str]:
    return {
        "class": type(error).__name__,
        "kind": error.kind,
        "message": error.message,
        "hint": error.hint,
        "in_shell": str(error.context.get("in_shell", error.hint)),
    }


def _rebuilt(described: Mapping[str, str]) -> StcloudError:
    known = getattr(errors, described["class"], StorageError)
    error: StcloudError = known(
        described["kind"], described["message"], hint=described["hint"], in_shell=described["in_shell"]
    )
    return error


def _raised(error: Exception, url: str) -> StcloudError:
    """Return what an error of the endpoint means."""
    text = str(error)
    token = re.search(re.escape(_PREFIX) + r"(\{[^{}]*\})", text)
    if token:
        try:
            return _rebuilt(json.loads(token[1]))
        except ValueError:  # it was cut, or quoted
            pass
    if "No module named 'stcloud" in text:
        return Unsupported(
            "engine-differs", f"a worker of {url} has no stcloud",
            hint=f"install it there: pip install 'stcloud=={installed_version()}'",
        )  # fmt: skip
    return Unsupported("engine-failed", f"the engine at {url} failed: {_reason(text)}")


def _reason(text: str) -> str:
    """Return the error of Python in an endpoint's text; else the first line of that."""
    named = _ERROR.findall(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return str(named[-1] if named else lines[0] if lines else "it gave no reason")[:300]


def without_parameters(url: str) -> str:
    """Return an endpoint's address as it may be shown: its parameters may hold a token.

    >>> without_parameters("sc://example.org:443/;token=secret")
    'sc://example.org:443'
    """
    return url.partition(";")[0].rstrip("/")


def installed_version() -> str:
    """Return the version of stcloud in this process."""
    return importlib.metadata.version("stcloud")


def _looking(token: str) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a function that needs no stcloud where it runs."""

    def look(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import json as to_json  # noqa: PLC0415  (it is sent whole: names of this module are not there)
        import os  # noqa: PLC0415
        import socket  # noqa: PLC0415
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

        import pyarrow as arrow  # noqa: PLC0415, ICN001

        for batch in batches:
            for _ in range(batch.num_rows):
                try:
                    known = version("stcloud")
                except PackageNotFoundError:
                    known = ""
                report = {
                    "host": socket.gethostname(), "version": known, "sees": os.path.exists(token),  # noqa: PTH110
                    "processors": os.cpu_count() or 1,
                }  # fmt: skip
                yield arrow.RecordBatch.from_pydict({"report": [to_json.dumps(report)]})

    return look
