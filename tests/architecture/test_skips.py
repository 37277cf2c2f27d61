"""A test is skipped for what the machine lacks, never for what the package lacks."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.trees import tree

ROOT = Path(__file__).resolve().parents[2]
TESTS = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "stcloud" / "testing").rglob("*.py")])
SKIPPING = {"skip", "skipif", "skipIf", "skipUnless", "SkipTest", "importorskip", "xfail"}
MACHINE = {
    "import-linter is not installed": "a tool of developers",
    "Apache Spark's server is not available: {}": "Java 17, and a package of 450 MB",
    "PyMEOS is not available: {}": "a library in C that not every machine can load",
    "no such broker here: {}": "mosquitto, which not every machine has; nats-server, for some processors",
    "PostgreSQL is not available: {}": "a server that not every machine has",
    "mounting a file system is not permitted here": "mounting needs root",
    "Chromium is not installed: make .venv/.chromium": "a browser that not every machine has",
    "axe-core is not installed: make .venv/.page": "a checker from npm, which not every machine has",
    "no device that is full": "only Linux has /dev/full",
    "only Linux lists the threads of a process": "a look into /proc",
    "no such object store here: {}": "servers that are installed beside Python",
    "no real data beside the repository": "the real data is not part of the repository",
    "permissions do not bind here": "root, where no capability can be dropped",
    "pyspark": "an extra",
    "pyspark is not installed": "an extra",
    "pysail is not installed": "an engine for tests",
    "required in CI only": "a developer may have no real data",
    "root may write everywhere": "root",
    "the division codes of China are not among the real data": "a part of the real data may be absent",
    "the real data is not at {}; set STCLOUD_REAL_DATA to its folder": "as above",
}


def text(node: ast.expr) -> str:
    """Return a literal text; what a formatted text inserts is shown as ``{}``."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def reason(call: ast.Call) -> str:
    """Return why the test is skipped: ``reason=``, or the first argument."""
    named = {word.arg: word.value for word in call.keywords}
    value = named.get("reason") or next(iter(call.args), None)
    return text(value) if value is not None else ""


def skips(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the reason of everything that skips a test, or lets it fail."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in SKIPPING:
            at_module_level = any(word.arg == "allow_module_level" for word in node.keywords)
            yield node.lineno, "a whole file" if at_module_level else reason(node)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in (
            "pytest.mark.skip",
            "pytest.mark.xfail",
        ):
            yield node.lineno, "no reason"
        elif isinstance(node, ast.Name) and node.id in ("collect_ignore", "collect_ignore_glob"):
            yield node.lineno, "a whole file"


@cache
def all_skips() -> dict[str, str]:
    """Return where each reason is given."""
    return {
        f"{path.relative_to(ROOT).as_posix()}:{line}": why
        for path in TESTS
        if path != Path(__file__).resolve()
        for line, why in skips(tree(path))
    }


def test_every_skip_is_about_the_machine():
    assert {where: why for where, why in all_skips().items() if why not in MACHINE} == {}


def test_every_listed_reason_is_given_somewhere():
    assert set(MACHINE) - set(all_skips().values()) == set()


def test_no_example_of_the_package_is_skipped():
    skipped = [
        path.name
        for path in (ROOT / "stcloud").rglob("*.py")
        if re.search(r"#\s*doctest:.*\+SKIP", path.read_text(encoding="utf-8"))
    ]
    assert skipped == []


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("pytest.skip('cities cannot undo yet', allow_module_level=True)", "a whole file"),
        ("pytest.skip('later')", "later"),
        ("@pytest.mark.skipif(not hasattr(City, 'undo'), reason='no undo')\ndef test(): ...", "no undo"),
        ("@pytest.mark.skipif(x, reason=f'no {x} here')\ndef test(): ...", "no {} here"),
        ("@pytest.mark.xfail\ndef test(): ...", "no reason"),
        ("@pytest.mark.skip\ndef test(): ...", "no reason"),
        ("collect_ignore = ['test_undo.py']", "a whole file"),
        ("undo = pytest.importorskip('stcloud.undo')", "stcloud.undo"),
    ],
)
def test_a_skip_is_seen(code, why):
    assert [(found in MACHINE, found) for _, found in skips(ast.parse(code))] == [(False, why)]
