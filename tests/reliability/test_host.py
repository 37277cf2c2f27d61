"""A process that imports the package stays as it was: memory, GDAL, warnings, signals, environment."""

import subprocess
import sys

import geopandas
import shapely

OPTIONS = (
    "CPL_TMPDIR", "CPL_VSIL_CURL_ALLOWED_FILENAME", "GML_FIELDTYPES", "GML_SKIP_RESOLVE_ELEMS", "OSM_COMPRESS_NODES",
    "OGR_FLATGEOBUF_STREAM_BASE_IMPL", "OGR_SQLITE_LOAD_EXTENSIONS", "LIBKML_EXTERNAL_STYLE",
)  # fmt: skip
STATE = """
import ctypes, decimal, locale, logging, os, signal, sys, threading, warnings
import deltalake, duckdb, geopandas, numpy, pandas, pyarrow, pyogrio, pyproj, shapely
import pyogrio._io
from numba import njit

GDAL = ctypes.CDLL(pyogrio._io.__file__)
GDAL.CPLSetErrorHandler.restype = ctypes.c_void_p


def error_handler():
    handler = GDAL.CPLSetErrorHandler(None)
    GDAL.CPLSetErrorHandler(ctypes.c_void_p(handler))
    return handler


def state():
    return {
        "pool": pyarrow.default_memory_pool().backend_name,
        "gdal": {name: pyogrio.get_gdal_config_option(name) for name in OPTIONS},
        "gdal errors": error_handler(),
        "filters": list(warnings.filters),
        "showwarning": warnings.showwarning,
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "locale": locale.setlocale(locale.LC_ALL),
        "decimal": repr(decimal.getcontext()),
        "numpy": numpy.geterr(),
        "logging": list(logging.root.handlers),
        "hooks": (sys.excepthook, threading.excepthook, sys.displayhook),
        "recursion": sys.getrecursionlimit(),
        "copy_on_write": pandas.options.mode.string_storage,
    }
"""
WORK = """
OPTIONS = {options!r}
before = state()
import stcloud
assert state() == before, "importing"
city = stcloud.create({folder!r}, crs="EPSG:32650", zone="Asia/Shanghai")
city = stcloud.open({folder!r})
assert state() == before, "opening"
for layer, source, options in {loads!r}:
    city.load(layer, source, **options)
    assert state() == before, "loading " + layer
assert city.query("events").count()
assert len(city.query("events").to_pandas()) == 2
assert state() == before, "asking"
"""


def test_a_process_stays_as_it_was(tmp_path):
    events, areas = tmp_path / "events.csv", tmp_path / "areas.gpkg"
    events.write_text("id,opened,lon,lat\n1,2024-01-01 00:00,118.1,24.5\n2,2024-01-02 00:00,118.2,24.6\n")
    geopandas.GeoDataFrame(
        {"id": [1]}, geometry=[shapely.box(610_000, 2_710_000, 611_000, 2_711_000)], crs=32650
    ).to_file(areas)
    loads = [
        ("events", str(events), {"key": "id", "time": "opened", "lon": "lon", "lat": "lat"}),
        ("areas", str(areas), {"key": "id", "valid_from": "2024-01-01"}),
    ]
    code = STATE + WORK.format(options=OPTIONS, folder=str(tmp_path / "city"), loads=loads)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
