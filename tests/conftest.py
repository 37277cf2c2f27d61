"""What tests of every room share: commands, here and in a process of their own, and how many cases are drawn.

With ``STCLOUD_ERROR_KINDS=FILE`` the kinds of all errors that the run makes are added to the file, one a line.
"""

import contextlib
import fcntl
import functools
import gc
import io
import multiprocessing
import os
import shutil
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from hypothesis import settings

import stcloud
from stcloud.testing.examples import covering

# No test is timed. What a commit is judged by does not change from run to run: only "explore" draws at random.
settings.register_profile("explore", deadline=None, max_examples=250, derandomize=False)
settings.register_profile("deep", deadline=None, max_examples=100, derandomize=True)
settings.register_profile("quick", deadline=None, max_examples=6, derandomize=True)
settings.load_profile("quick")

# Under pytest's workers pyspark takes itself for being tested, and ends the process where it finds no home.
os.environ.setdefault("SPARK_HOME", "none")


KINDS: set[str] = set()
RECORD = os.environ.get("STCLOUD_ERROR_KINDS")
if RECORD:
    from stcloud.errors import StcloudError

    INIT = StcloudError.__init__

    def recording(self, kind, *rest, **named):
        KINDS.add(kind)
        INIT(self, kind, *rest, **named)

    StcloudError.__init__ = recording


def pytest_addoption(parser):
    parser.addoption(
        "--cases", type=int, metavar="N",
        help="of the combinations of a test's parameters take few, with each value of each parameter in N of them",
    )  # fmt: skip


LEFT_OUT = pytest.StashKey[int]()


def pytest_sessionstart():
    """Keep ten thousand tests out of the collector's sight: they live as long as the process."""
    gc.disable()


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


@functools.cache
def names_slow(path):
    """Return whether a file's text names the marker of slow tests."""
    return "mark.slow" in path.read_text(encoding="utf-8")


def pytest_ignore_collect(collection_path, config):
    """Where slow tests alone are asked for, import no file that has none: most have none."""
    if config.option.markexpr == "slow" and collection_path.suffix == ".py":
        return not names_slow(collection_path) or None
    return None


def pytest_itemcollected(item):
    if item.get_closest_marker("slow") and not names_slow(item.path):
        raise pytest.UsageError(
            f"{item.path} has a slow test and does not name the marker: `-m slow` would miss it"
        )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Take slow tests first, and few combinations where the run asks for few: alike in every process of a run."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)  # what is left for the end is short
    times = config.getoption("cases", None)
    if times is None:
        return
    tests = {}
    for item in items:
        combined = hasattr(item, "callspec") and not item.get_closest_marker("every_case")
        tests.setdefault(item.nodeid.partition("[")[0] if combined else item.nodeid, []).append(item)
    kept = {cases[number] for cases in tests.values() for number in numbers(cases, times)}
    config.stash[LEFT_OUT] = len(items) - len(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def numbers(cases, times):
    """Return the numbers of the cases that are taken; of costly ones a quarter, with the first and the last."""
    there = [number for number, item in enumerate(cases) if not item.get_closest_marker("thorough")]
    if len(cases) == 1 or not there:
        return there
    chosen = [there[place] for place in covering([parameters(cases[number]) for number in there], times)]
    if cases[0].get_closest_marker("costly"):
        chosen = sorted({*chosen[::4], chosen[-1]})
    return chosen


def parameters(item):
    """Return the values of a case's parameters; what cannot be looked up counts as itself."""

    def comparable(value):
        try:
            hash(value)
        except TypeError:
            return id(value)
        return value

    return {name: (type(value), comparable(value)) for name, value in item.callspec.params.items()}


def pytest_sessionfinish(session):
    """Add the kinds of errors to their record; tell the process that started this one how much was left out."""
    if RECORD:
        with Path(RECORD).open("a", encoding="utf-8") as lines:
            lines.writelines(f"{kind}\n" for kind in sorted(KINDS))
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = session.config.stash.get(LEFT_OUT, 0)


def pytest_runtest_logreport(report):
    """Name what fails at once: a run that is ended from outside never comes to its summary."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\nFAILED {report.nodeid} ({report.when})", flush=True)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left out", 0)


def pytest_terminal_summary(terminalreporter, config):
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{left_out} combinations of parameters, cases of costly tests and thorough tests were left out; "
            "all of them: make test PROFILE=deep, or pytest without --cases"
        )


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def line(self):
        """The one line of an error; there must be no other on stderr."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("stcloud: ")
        return lines[0]


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process."""
    from stcloud.saas.cli import main

    def command(*args):
        monkeypatch.setattr(sys, "argv", ["stcloud", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Outcome(ended.value.code, said.out, said.err)

    return command


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The folder of the demo and what it printed: made once in a run of several processes, and only to be read.

    It begins with a demo that was killed, which is replaced.
    """
    from stcloud.saas.demo import run as run_demo
    from stcloud.saas.demo.script import TOWN

    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, printed = shared / "tour" / "demo", shared / "tour.txt"
    with (shared / "tour.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not printed.exists():
            shutil.rmtree(folder.parent, ignore_errors=True)
            stcloud.create(folder, crs="EPSG:32651", zone="Asia/Shanghai", name=TOWN)
            with contextlib.chdir(folder.parent), contextlib.redirect_stdout(io.StringIO()) as lines:
                run_demo(Path("demo"))
            printed.write_text(lines.getvalue(), encoding="utf-8")
    return folder, printed.read_text(encoding="utf-8")


PRELOADED = [
    "stcloud.city", "stcloud.saas.cli.app", "stcloud.iaas.source.delimited", "stcloud.testing.events",
    "stcloud.daas.kind.event", "stcloud.daas.kind.feature", "stcloud.paas.query", "stcloud.daas.check",
    "stcloud.city.loading", "stcloud.city.changes", "stcloud.iaas.engine.duck", "stcloud.saas.cli.output",
    "deltalake", "duckdb", "pyarrow.parquet", "pyarrow.compute", "pyarrow.csv", "pandas", "pyproj",
    "shapely", "pyogrio", "geopandas", "sqlglot.dialects.duckdb", "pydantic.type_adapter", "pyarrow.pandas_compat",
    "typer._adapters", "typer._click.decorators", "rich.progress", "rich.live", "rich.table", "rich.markup",
    "stcloud.paas.cube.dataset", "stcloud.saas.cubefile", "xarray", "zarr",
]  # fmt: skip
"""Importing starts no thread, so that what is forked afterwards is whole."""


@pytest.fixture(scope="session")
def forks():
    """Start code in a process of its own that has stcloud, and what it imports late, imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    started = []

    def start(code, *args):
        process = context.Process(target=exec, args=(code, {"args": args}), daemon=True)
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        if process.is_alive():
            process.kill()
        process.join()
        process.close()


AS_STARTED = """
import os, signal, sys
before, words, ends, environment = args
for number, end in enumerate(ends):
    os.dup2(end.fileno(), number)
    end.close()
os.environ.update(environment)
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
encoding = environment.get("PYTHONIOENCODING", "utf-8")
sys.stdin = open(0, encoding="utf-8", closefd=False)
for number, name, errors in ((1, "stdout", "strict"), (2, "stderr", "backslashreplace")):
    buffering = 1 if number == 2 or os.isatty(number) else -1
    setattr(sys, name, open(number, "w", buffering, encoding=encoding, errors=errors, closefd=False))
for name in ("stdin", "stdout", "stderr"):
    getattr(sys, name).buffer.raw.name = f"<{name}>"
sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
sys.argv = ["stcloud", *words]
exec(before)
from stcloud.saas.cli import main
main()
"""


@pytest.fixture(scope="session")
def as_started():
    """Code that makes a forked process a command, as if an interpreter had been started for it."""
    return AS_STARTED


class Started:
    """A command in a forked process, with the names of `subprocess.Popen` for what tests do with it."""

    def __init__(self, process, ends):
        self._process = process
        self.stdin, self.stdout, self.stderr = ends

    def poll(self):
        return self._process.exitcode

    @property
    def returncode(self):
        return self._process.exitcode

    def wait(self, timeout=60):
        self._process.join(timeout)
        assert self._process.exitcode is not None, "it runs and runs"
        return self._process.exitcode

    def send_signal(self, number):
        os.kill(self._process.pid, number)

    def communicate(self, given="", timeout=60):
        """Return what is written to stdout and stderr until the end; both are read at once, so that neither fills."""
        self.stdin.write(given)
        self.stdin.close()
        errors = []
        reader = threading.Thread(target=lambda: errors.append(self.stderr.read()), daemon=True)
        reader.start()
        out = self.stdout.read()
        self.wait(timeout)
        reader.join()
        return out, errors[0]


@pytest.fixture
def command(forks):
    """Start a command as its own process: forked from one that has imported stcloud, which saves a second or two.

    Its stdin, stdout and stderr are pipes; ``before`` is code that it runs first. Tests of how an interpreter starts
    or ends are for `spawn`.
    """
    ours = []

    def start(*words, before="", stdout=None, **environment):
        pairs = [os.pipe() for _ in range(3)]
        mine = [os.fdopen(pairs[0][1], "w"), os.fdopen(pairs[1][0]), os.fdopen(pairs[2][0])]
        theirs = [pairs[0][0], pairs[1][1], pairs[2][1]]
        if stdout is not None:
            os.close(theirs[1])
            theirs[1] = os.dup(stdout)
        ends = [
            Connection(end, writable=number > 0, readable=number == 0) for number, end in enumerate(theirs)
        ]
        process = forks(AS_STARTED, before, [str(word) for word in words], ends, environment)
        for end in ends:
            end.close()
        ours.extend(mine)
        return Started(process, mine)

    yield start
    for end in ours:
        end.close()


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL of this run's own; tests that need it are skipped where it cannot be started."""
    from stcloud.testing.pgserver import NoServer, pg_server

    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(pg_server())
        except NoServer as error:
            pytest.skip(f"PostgreSQL is not available: {error}")
        yield server


@pytest.fixture(scope="session")
def s3():
    """A bucket of this run's own, in a server that keeps its promises."""
    yield from _bucket("s3_server")


@pytest.fixture(scope="session")
def azure():
    """A container of this run's own; tests that need it are skipped where Azurite is not installed."""
    yield from _bucket("azure_server")


@pytest.fixture(scope="session")
def lying():
    """A bucket whose server takes a put-if-absent and replaces what is there."""
    yield from _bucket("lying_server")


def _bucket(name):
    from stcloud.testing import objectserver

    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(getattr(objectserver, name)())
        except objectserver.NoObjectServer as error:
            pytest.skip(f"no such object store here: {error}")
        yield server
