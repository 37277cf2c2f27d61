"""Above iaas nobody opens, lists, moves or deletes files: a city's are keys of its store, tables and arrays."""

import ast
from pathlib import Path

from tests.architecture.trees import nodes, tree

PACKAGE = Path(__file__).resolve().parents[2] / "stcloud"
CALLS = {
    "chmod", "exists", "flock", "glob", "hardlink_to", "is_dir", "is_file", "iterdir", "mkdir", "mkdtemp",
    "read_bytes", "read_text", "rename", "rglob", "rmdir", "rmtree", "stat", "touch", "unlink", "walk",
    "write_bytes", "write_text", "path",
}  # fmt: skip
MODULES = {"fcntl", "glob", "shutil", "tempfile"}
NAMED_BY_USERS = {
    ("daas/catalogue.py", "is_file"), ("daas/load/loader.py", "is_file"), ("daas/load/loader.py", "stat"),
    ("paas/grid/geometries.py", "is_file"), ("paas/grid/geometries.py", "exists"), ("city/classes.py", "is_file"),
    ("city/calendar.py", "is_file"), ("city/indicators.py", "is_file"), ("city/totalstable.py", "is_file"),
}  # fmt: skip
"""Files that users name: a definition, classes, days, indicators of their own, totals, areas for a grid, a source."""
KEPT_BY_NUMBA = {("index/kernel.py", "exists"), ("index/kernel.py", "glob"), ("index/kernel.py", "stat")}
"""Whether numba keeps compiled loops beside the code, which it reads and writes itself."""
ROOMS = ("city", "paas", "daas", "index")
STORES = {"folder", "_folder", "store"}


def files() -> list[Path]:
    return [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]


def touches(module: ast.Module) -> set[str]:
    """Name the calls of methods that touch files, but for those of a city's folder and of texts."""
    return {
        node.func.attr
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CALLS
        and not of_a_store(node.func.value)
    }


def of_a_store(owner: ast.expr) -> bool:
    return (isinstance(owner, ast.Name) and owner.id in STORES) or (
        isinstance(owner, ast.Attribute) and owner.attr in STORES
    )


def test_nobody_above_touches_files():
    touched = {
        (path.relative_to(PACKAGE).as_posix(), call) for path in files() for call in touches(tree(path))
    }
    assert touched - NAMED_BY_USERS - KEPT_BY_NUMBA == set()


def test_nobody_above_takes_a_path_from_a_store():
    taken = [
        f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"
        for path in files()
        for node in nodes(path)
        if isinstance(node, ast.Attribute)
        and (node.attr == "root" or (node.attr == "path" and of_a_store(node.value)))
    ]
    assert taken == []


def test_nobody_above_imports_what_touches_files():
    imported = [
        f"{path.relative_to(PACKAGE).as_posix()}: {name}"
        for path in files()
        for node in nodes(path)
        for name in imports(node)
        if name.split(".")[0] in MODULES
    ]
    assert imported == []


def imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
