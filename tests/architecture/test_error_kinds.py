"""Every kind of error that the package can raise is named, and so raised, by some test.

A string is weak proof: a test may name a kind and never see it raised. ``make error-kinds`` runs all tests, records
every error that they make (tests/conftest.py), and runs this file against the record.
"""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from stcloud import errors
from tests.architecture.trees import nodes

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
SUITES = ROOT / "stcloud" / "testing"  # what is shipped for tests
CLASSES = set(errors.__all__) - {"nearest"}
QUOTED = re.compile(r"([\"'])([a-z0-9-]+)\1")
UNPROVEN: set[str] = set()
"""Kinds that no test names. It may only shrink."""


def calls(path: Path) -> Iterator[ast.Call]:
    """Yield each call that makes an error."""
    for node in nodes(path):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in CLASSES:
                yield node


@cache
def raised() -> dict[str, str]:
    """Return each literal kind, with a place that raises it."""
    return {
        call.args[0].value: f"{path.relative_to(ROOT).as_posix()}:{call.lineno}"
        for path in sorted((ROOT / "stcloud").rglob("*.py"))
        if SUITES not in path.parents
        for call in calls(path)
        if isinstance(call.args[0], ast.Constant)
    }


@cache
def named() -> set[str]:
    """Return every whole string of the tests and of the suites that they run."""
    return {
        text
        for path in (*(ROOT / "tests").rglob("*.py"), *SUITES.rglob("*.py"))
        if path != HERE
        for _, text in QUOTED.findall(path.read_text(encoding="utf-8"))
    }


def proven() -> set[str]:
    """Return the kinds that a recorded run made, or without one those that tests name."""
    record = os.environ.get("STCLOUD_ERROR_KINDS")
    if record and Path(record).is_file():
        return set(Path(record).read_text(encoding="utf-8").split())
    return named()


def test_every_kind_is_raised_by_a_test():
    expected = proven() | UNPROVEN
    missing = {kind: where for kind, where in raised().items() if kind not in expected}
    assert missing == {}, "add a row to tests/reliability/test_error_kinds.py"


def test_the_list_of_unproven_kinds_only_shrinks():
    assert UNPROVEN - (set(raised()) - proven()) == set(), "these are proven, or gone"


def test_kinds_are_found_in_the_code_and_in_the_tests():
    assert len(raised()) > 200
    assert raised()["no-city"].startswith("stcloud/")
    assert "no-city" in named()
    assert "a kind of which no test " + "speaks" not in named()
