"""A city's events joined with its areas, from files: with the index kept, streamed, by either engine."""

from __future__ import annotations

import os
import resource
import shutil
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import stcloud
from bench.data import CRS
from bench.process import apart
from bench.report import Finding, Target
from bench.world import VERSIONS, YEAR_US, World, timed

__all__ = ["AREAS", "ask", "findings", "found_city", "sail"]

_EVENTS = f"""
id = "events"
kind = "event"
key = ["id"]
[time]
column = "at"
[space]
x = "x"
y = "y"
crs = "{CRS}"
"""
AREAS = f"""
id = "areas"
kind = "feature"
key = ["name"]
[space]
column = "geometry"
encoding = "wkb"
crs = "{CRS}"
[columns]
name = {{}}
"""
_TIMES = 5
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def findings(folder: Path, world: World) -> Iterator[Finding]:
    """Load a city with a tenth of the events and with all of them; join both, then on Spark Connect."""
    size = {"events": world.events, "across": world.across}
    city = str(apart(found_city, folder=str(folder / "city-join"), **size).result)
    first = apart(ask, city=city, layer="tenth", engine="duckdb")
    tenth, whole = (apart(ask, city=city, layer=one, engine="duckdb") for one in ("tenth", "events"))
    name = f"join from files, streamed, {world.said}"
    yield Finding(
        name, whole.result["best_s"], "s", "10 × a tenth", 10 * tenth.result["best_s"], None, None,
        {**whole.result, "tenth": tenth.result, "first": first.result},
    )  # fmt: skip
    yield Finding(
        "its memory, index mapped",
        whole.peak_gb,
        "GB",
        "a tenth of the events",
        tenth.peak_gb,
        Target(ratio=1.5),
    )
    spark = apart(ask, city=city, layer="events", engine="sail").result
    if "missing" in spark:
        yield Finding("the same on Spark Connect (Sail)", None, "s", more={"Sail": spark})
    else:
        differing = {"Sail": int(spark["found"] != whole.result["found"])}
        yield Finding(
            "the same on Spark Connect (Sail)", spark["best_s"], "s", "duckdb", whole.result["best_s"],
            Target(most=3), Target(most=1.5), {**spark, "differing": differing},
        )  # fmt: skip
    shutil.rmtree(city)


def found_city(folder: str, events: int, across: int) -> str:
    """Load areas version by version, and events twice: all of them and a tenth."""
    root, world = Path(folder), World(events, across, 0)
    shutil.rmtree(root, ignore_errors=True)
    city = stcloud.create(root, crs=CRS, zone="UTC")
    file = root / "source.parquet"
    definition = stcloud.Definition.from_toml(AREAS, name="areas")
    names = [f"{one:06}" for one in range(across**2)]
    for version in range(VERSIONS):
        geopandas.GeoDataFrame({"name": names}, geometry=world.cells(version), crs=CRS).to_parquet(file)
        day = _FIRST + timedelta(microseconds=version * YEAR_US)
        city.load("areas", file, definition=definition, valid_from=f"{day:%Y-%m-%d}")
    x, y, at = world.happened(world.side_m)
    rows = pa.table({
        "id": np.arange(events), "at": pa.array(at, pa.timestamp("us", "UTC")), "x": x.round(3), "y": y.round(3)
    })  # fmt: skip
    for layer, some in (("events", rows), ("tenth", rows.slice(0, events // 10))):
        pq.write_table(some, file)
        city.load(layer, file, definition=stcloud.Definition.from_toml(_EVENTS, name=layer))
    city.close()
    file.unlink()
    return folder


def ask(city: str, layer: str, engine: str) -> dict[str, Any]:
    """Join all events of a layer, several times; count what streams by."""
    server = sail() if engine == "sail" else None
    if engine == "sail" and server is None:
        return {"missing": "pysail is not installed"}
    at = "{}:{}".format(*server.listening_address) if server is not None else ""
    opened = stcloud.open(city, engine=f"sc://{at}" if at else engine)

    def work() -> dict[str, int]:
        rows, keys = 0, 0
        for batch in opened.query(layer).join_batches("areas"):
            rows += batch.num_rows
            numbers = batch.column("areas_key").cast(pa.int64()).fill_null(0).to_numpy()
            keys += int((numbers * batch.column("st_key").cast(pa.int64()).to_numpy()).sum())
        return {"rows": rows, "keys_sum": keys}

    found = timed(work, _TIMES)
    opened.close()
    return {**found, "first_s": found["s"][0], "resident_gb": _resident_gb()}


def _resident_gb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)


def sail() -> Any:
    """Start a server that lives in this process as long as it is held; None: there is none."""
    os.environ["RUST_LOG"] = "off"
    os.environ.setdefault("SPARK_HOME", "none")
    warnings.simplefilter("ignore")
    try:
        from pysail.spark import SparkConnectServer  # noqa: PLC0415  (perhaps not there)
    except ImportError:
        return None
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    return server
