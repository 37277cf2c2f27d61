"""A wheel in an environment of its own, away from the checkout: what is bundled is found, and the demo runs."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"bench", "docs", "fixtures", "grids", "layers", "stcloud", "tests", "tools"}
FILES = {"pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY.md", "constraints.txt", "Makefile"}
KINDS = {".py", ".typed", ".js", ".mjs", ".css", ".html", ".jinja", ".json", ".toml", ".csv", ".txt"}
"""Endings of what the wheel holds: a font, an image or data of another kind would be somebody's."""
BUNDLED = "stcloud/_bundled/"
pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path) -> str:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STCLOUD"))
    }
    done = subprocess.run(
        [str(one) for one in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=cwd,
        env=environment,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, so that nothing is left in the checkout."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in FOLDERS | FILES:
        (source / name).symlink_to(ROOT / name)
    run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps",
        *([] if find_spec("hatchling") is None else ["--no-build-isolation"]), source, "-w", out, cwd=out,
    )  # fmt: skip
    return next(out.glob("stcloud-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """An environment with the wheel; its dependencies are those of this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    run(
        sys.executable, "-m", "pip", "--python", home, "install", "--quiet", "--disable-pip-version-check",
        "--no-deps", wheel, cwd=home,
    )  # fmt: skip
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return home


def test_the_wheel_holds_definitions_grids_and_the_mark_of_types(wheel):
    names = [name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")]
    for wanted in (
        "stcloud/py.typed",
        "stcloud/_bundled/layers/nyc-311.toml",
        "stcloud/_bundled/grids/unit-grid-15.toml",
    ):
        assert wanted in names
    described = next(name for name in names if name.endswith(".dist-info/METADATA")).removesuffix("METADATA")
    assert {name.partition("/")[0] for name in names} == {"stcloud", described.rstrip("/")}
    own = [Path(name) for name in names if not name.startswith(described)]
    assert {path.suffix for path in own} == KINDS
    assert not [path for path in own if path.name.endswith(".d.mts") or "__pycache__" in path.parts]


def test_the_wheel_holds_each_file_of_the_package_and_each_licence(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, home in (
        ("stcloud", "stcloud"),
        ("layers", BUNDLED + "layers"),
        ("grids", BUNDLED + "grids"),
    ):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in KINDS and not {"__pycache__", "_bundled"} & set(path.parts):
                assert f"{home}/{path.relative_to(ROOT / folder)}" in names
    licences = {name.partition(".dist-info/licenses/")[2] for name in names}
    texts = (ROOT / "stcloud/saas/console/page/vendor").glob("LICENSE.*")
    assert {"LICENSE", "THIRD_PARTY.md", *(str(path.relative_to(ROOT)) for path in texts)} <= licences


def test_the_package_is_that_of_the_wheel(installed, tmp_path):
    code = "import stcloud, stcloud.iaas.bundle as b; print(stcloud.__file__, *b.definitions(), *b.grids())"
    said = run(installed / "bin" / "python", "-c", code, cwd=tmp_path).split()
    assert Path(said[0]).is_relative_to(installed)
    assert set(said[1:]) == {
        path.stem for folder in ("layers", "grids") for path in (ROOT / folder).glob("*.toml")
    }


def test_the_demo_runs_from_another_folder(installed, tmp_path):
    run(installed / "bin" / "stcloud", "demo", "demo", cwd=tmp_path)
    assert (tmp_path / "demo" / "city.toml").is_file()
    assert (tmp_path / "demo" / "pictures" / "units.png").stat().st_size > 10_000
    said = run(
        installed / "bin" / "stcloud", "query", "demo", "requests", "--count", "--format", "csv", cwd=tmp_path
    )
    assert "4342" in said
