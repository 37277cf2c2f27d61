"""The one door: few names, all of them there, and nothing heavy behind it before it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

import stcloud

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "duckdb", "pandas", "geopandas", "pyarrow", "shapely", "deltalake", "matplotlib", "pyspark", "xarray", "scipy",
    "zarr", "h5netcdf", "dask", "sqlalchemy",
)  # fmt: skip


def run(code: str) -> str:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(Path.home())}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_after(code: str) -> set[str]:
    return set(
        run(f"{code}\nimport sys; print(*[one for one in {HEAVY!r} if one in sys.modules])")
        .split("\n")[-2]
        .split()
    )


def test_public_names_are_sorted_and_few():
    assert stcloud.__all__ == sorted(stcloud.__all__)
    assert len(stcloud.__all__) == len(set(stcloud.__all__)) <= 25


def test_public_names_are_what_resolves():
    names = run("from stcloud import *; print(*[one for one in dir() if not one.startswith('_')])").split()
    assert sorted(names) == stcloud.__all__
    assert set(stcloud.__all__) <= set(dir(stcloud))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'City_'"):
        _ = stcloud.City_


def test_importing_stcloud_imports_nothing_heavy():
    assert loaded_after("import stcloud") == set()


def test_cubes_import_what_writes_them_only_when_they_are_written():
    assert loaded_after("import stcloud; stcloud.Cube") & {"xarray", "zarr", "h5netcdf", "dask"} == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["query", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    code = f"import sys; sys.argv = ['stcloud', *{arguments!r}]\nfrom stcloud.saas.cli import main\n"
    assert (
        loaded_after(f"{code}try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0") == set()
    )


def test_the_check_for_heavy_imports_can_fail():
    assert loaded_after("import stcloud; stcloud.Area") >= {"shapely"}


def test_the_version_is_that_of_the_project():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert stcloud.__version__ == project["version"]
