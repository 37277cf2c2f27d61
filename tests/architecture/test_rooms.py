"""Rooms say what they are; files and functions stay small; names are nouns of the field."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.trees import nodes, tree

PACKAGE = Path(__file__).resolve().parents[2] / "stcloud"
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = sorted(path for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)
RINGS = {
    "space": "pure", "time": "pure", "index": "pure", "city": "city", "iaas": "iaas", "daas": "daas",
    "paas": "paas", "saas": "saas", "testing": "outside",
}  # fmt: skip
NO_NOUNS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "core", "misc"}
MOST_LINES, LONGEST_FUNCTION = 400, 60


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", ROOMS, ids=name)
def test_a_room_names_its_ring(path):
    said = (ast.get_docstring(tree(path)) or "").lower()
    ring = RINGS[path.relative_to(PACKAGE).parts[0]]
    assert ring in said, f"{name(path)} does not name its ring, {ring}"
    assert "ring" in said, f"{name(path)} does not speak of a ring"


@pytest.mark.parametrize("path", ROOMS, ids=name)
def test_a_room_says_what_it_offers(path):
    code = [node for node in tree(path).body if not isinstance(node, ast.Expr)]
    exported = {
        target.id
        for node in code
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert "__all__" in exported or not code, f"{name(path)} re-exports without __all__"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_has_a_docstring_and_says_what_it_offers(path):
    module = tree(path)
    assert ast.get_docstring(module), f"{name(path)} has no docstring"
    if path.name not in ("__init__.py", "__main__.py"):
        assigned = [target for node in module.body if isinstance(node, ast.Assign) for target in node.targets]
        assert any(isinstance(one, ast.Name) and one.id == "__all__" for one in assigned), (
            f"{name(path)} has no __all__"
        )


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_and_functions_stay_small(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{name(path)} has {lines} lines"
    long = {one.name: one.end_lineno - one.lineno + 1 for one in functions(path)}
    assert {one: size for one, size in long.items() if size > LONGEST_FUNCTION} == {}


def test_files_are_nouns_of_the_field():
    assert [name(path) for path in FILES if path.stem.strip("_") in NO_NOUNS] == []


def test_no_import_is_relative():
    relative = [
        name(path)
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []
