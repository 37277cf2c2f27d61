"""Code looks down only, and imports only what the project declares."""

import ast
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.trees import nodes

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DISTRIBUTIONS = {
    "PIL": "pillow",
    "dateutil": "python-dateutil",
    "google": "gtfs-realtime-bindings",
    "nats": "nats-py",
    "paho": "paho-mqtt",
    "chinese_calendar": "chinesecalendar",
    "grpc": "grpcio",
    "odc": "odc-geo",
    "prometheus_client": "prometheus-client",
    "pyspark": "pyspark-client",
}
FOR_TESTS = {"hypothesis", "moto", "networkx", "pysail", "pytest", "werkzeug"}
OF_LIBRARIES = {"tzdata", "python-multipart"}
"""What libraries import: zones of time, and the forms that starlette reads."""
OF_CALLERS = {"polars"}
"""What answers are handed to where callers have it."""


def declared() -> set[str]:
    groups = PROJECT["optional-dependencies"]
    texts = [
        *PROJECT["dependencies"],
        *groups["spark"],
        *groups["codes"],
        *groups["cube"],
        *groups["scene"],
        *groups["xlsx"],
        *groups["postgres"],
        *groups["web"],
        *groups["report"],
        *groups["notebook"],
        *groups["live"],
        *groups["exchange"],
    ]
    return {text.split(">")[0].split("[")[0] for text in texts}


def named(node: ast.AST) -> list[str]:
    """Return the package that a call of ``importlib.import_module`` names."""
    match node:
        case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name))]):
            return [name]
    return []


@cache
def imported() -> dict[str, str]:
    """Third-party packages that the package imports, with a file that does."""
    found = {}
    for path in (ROOT / "stcloud").rglob("*.py"):
        shipped_for_tests = "testing" in path.parts
        for node in nodes(path):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else named(node)
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for top in {one.split(".")[0] for one in names} - set(sys.stdlib_module_names) - {"stcloud"}:
                if not (shipped_for_tests and top in FOR_TESTS):
                    found[top] = path.relative_to(ROOT).as_posix()
    return found


def test_the_contracts_of_the_rings_hold():
    linter = shutil.which("lint-imports") or shutil.which(
        "lint-imports", path=str(Path(sys.executable).parent)
    )
    if linter is None:
        pytest.skip("import-linter is not installed")
    command = [linter, "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_imported_is_declared():
    undeclared = {
        top: path
        for top, path in imported().items()
        if DISTRIBUTIONS.get(top, top) not in declared() | OF_CALLERS
    }
    assert undeclared == {}, "not in the project's dependencies"


def test_what_is_declared_is_imported():
    used = {DISTRIBUTIONS.get(top, top) for top in imported()}
    assert declared() - used - OF_LIBRARIES == set(), "declared, and imported by nothing"
