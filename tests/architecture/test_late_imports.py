"""What a fresh process imports: opening a city and a small question wait for no library that they do not need."""

import json
import subprocess
import sys

import pytest
import shapely

import stcloud
from stcloud.testing.cases import AREAS, CRS, EVENTS, events, grid_of
from stcloud.testing.town import quads

HEAVY = {
    "cql2", "deltalake", "duckdb", "geopandas", "holidays", "matplotlib", "numba", "obstore", "pandas", "pyarrow",
    "pydantic", "pyogrio", "pyproj", "pyspark", "rich", "scipy", "shapely", "sqlalchemy", "sqlglot", "typer",
}  # fmt: skip
OPENING = "stcloud.open(city)"
COUNT = "stcloud.open(city).query('cases').count()"
MONTHS = "stcloud.open(city).query('cases').when('2020/2024').count(by=['month'])"
WHAT = "stcloud.open(city).query('cases').what(\"id = 'c1'\").when('2020/2024').count(by='week')"
GROUPS = "stcloud.open(city).query('cases').count(by=['in:areas'])"
NEAR = "stcloud.open(city).query('cases').join('areas', 'nearest').to_arrow()"
DEGREES = "from stcloud.testing.events import define; define()"
LIST = "[layer.name for layer in stcloud.open(city).layers()]"

UNUSED = {"geopandas", "holidays", "matplotlib", "numba", "pyogrio", "pyspark", "scipy", "sqlalchemy"}
FILES = {"stcloud.daas.load.memory_geometries", "stcloud.iaas.source.registry", "stcloud.paas.grid.divided"}
"""What reads files and memory, of which a question about a layer alone needs nothing."""
SMALL = UNUSED | FILES | {"duckdb", "pandas", "pyproj", "sqlglot", "tenacity"}
"""What counting few rows needs nothing of: they are read and counted in memory."""
PLAIN = {
    "cql2", "stcloud.paas.cube", "stcloud.paas.query.condition.predicate", "stcloud.paas.query.join.how",
    "stcloud.paas.query.resolve.features", "stcloud.paas.query.run.joining",
}  # fmt: skip
TASKS = {
    "import stcloud": ("stcloud", HEAVY | {"numpy"}),
    "open a city": (OPENING, HEAVY),
    "count": (COUNT, SMALL | PLAIN),
    "count by month": (MONTHS, SMALL | PLAIN),
    "count what a filter keeps": (WHAT, SMALL),
    "read a definition in degrees": (DEGREES, UNUSED | {"pandas", "pyproj"}),
    "list layers": (LIST, UNUSED | {"pandas"}),
    "count by areas": (GROUPS, UNUSED),
    "join with the nearest": (NEAR, UNUSED),
}  # fmt: skip
"""What is done in a fresh process, and what it may not import."""

PROGRAM = """
import json, sys
import stcloud
city = sys.argv[1]
{task}
print(json.dumps(sorted({{*sys.modules, *(name.partition(".")[0] for name in sys.modules)}})))
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("late")
    made = stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    shapes, codes = quads(4, 4)
    grid_of(shapes, codes).rename(columns={"gridCode": "name"}).to_file(folder / "areas.gpkg")
    definition = stcloud.Definition.from_toml(AREAS, name="areas")
    made.load("areas", folder / "areas.gpkg", definition=definition, valid_from="2015-01-01")
    events(50, 3, tuple(shapely.total_bounds(shapes))).to_csv(folder / "cases.csv", index=False)
    made.load("cases", folder / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    return folder / "city"


MOST = {"import stcloud": ("stcloud", 80), "open a city": (OPENING, 300), "count": (COUNT, 650)}
"""How many modules a fresh process may import, those of Python itself among them."""


def modules(city, task):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(task=task), str(city)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.costly
@pytest.mark.parametrize(("task", "late"), TASKS.values(), ids=TASKS)
def test_a_fresh_process_imports_only_what_it_needs(city, task, late):
    assert late & modules(city, task) == set()


@pytest.mark.parametrize(("task", "most"), MOST.values(), ids=MOST)
def test_a_fresh_process_imports_few_modules(city, task, most):
    assert len(modules(city, task)) <= most


def test_kinds_of_layers_are_known_before_any_question_is_asked():
    code = (
        "import sys\n"
        "from types import SimpleNamespace\n"
        "from stcloud.paas.query.plan.row_kind import row_kind, rows_of_kind, source_of_kind\n"
        "assert 'stcloud.paas.query.run.inquiry' not in sys.modules\n"
        "for kind in ('event', 'feature'):\n"
        "    layer = SimpleNamespace(kind=kind, name='any')\n"
        "    assert row_kind(layer) and rows_of_kind(layer) and source_of_kind(layer)\n"
        "print('known')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["known"], done.stderr
