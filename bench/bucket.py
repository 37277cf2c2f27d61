"""A city in a bucket, beside the same city in a folder: requests, bytes and seconds of a load and of questions.

The bucket is a server on this machine (moto), which answers in a millisecond or two: on another network each request
takes longer, so that requests and bytes say more than seconds.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import stcloud
from bench.data import SEED, Scale
from bench.report import Finding, Target
from stcloud.testing.objectserver import s3_server

__all__ = ["findings"]

_ROWS = {"small": 20_000, "full": 1_000_000}
_STREET = (117.300, 31.850, 117.303, 31.853)


def findings(scale: Scale) -> Iterator[Finding]:
    """Load, ask of a street for a month, ask again, and count by month; in a folder and in a bucket."""
    count = _ROWS[scale.name]
    with tempfile.TemporaryDirectory() as place, s3_server() as server:
        source = _source(Path(place), count)
        folder = stcloud.create(Path(place, "city"), crs="EPSG:4548", zone="Asia/Shanghai")
        plain_s = _load(folder, source)[0]
        bucket = stcloud.create(
            server.address("city"), crs="EPSG:4548", zone="Asia/Shanghai", store_options=server.options,
            cache=Path(place, "writer"),
        )  # fmt: skip
        loaded_s, loaded = _load(bucket, source)
        yield Finding(
            f"load of {count / 1e6:g}M events into a bucket", loaded_s, "s", "a folder", plain_s, more=loaded
        )
        with stcloud.open(
            server.address("city"), store_options=server.options, cache=Path(place, "reader")
        ) as reader:
            yield from _asked(reader, folder, count)
        folder.close()
        bucket.close()


def _asked(reader: stcloud.City, folder: stcloud.City, count: int) -> Iterator[Finding]:
    street = reader.query("events").where(_STREET).when("2024-03")
    plain = folder.query("events").where(_STREET).when("2024-03")
    street.explain()
    needed = street.explain()
    first_s, first = _timed(street.rows)
    again_s, again = _timed(street.rows)
    plain_s, same = _timed(plain.rows)
    name = f"a street for a month, of {count / 1e6:g}M events"
    differing = {
        "folder": int(not first.table.equals(same.table)),
        "again": int(not again.table.equals(same.table)),
    }
    more = {
        "requests": first.traffic.requests,
        "files": needed.files[0],
        "rows": len(first),
        "differing": differing,
    }
    yield Finding(
        f"{name}: bytes", first.traffic.bytes_read / 1e6, "MB", "pages of the columns in the row groups needed",
        needed.bytes[0] / 1e6, Target(ratio=3), more=more,
    )  # fmt: skip
    yield Finding(f"{name}: first time", first_s * 1e3, "ms", "a folder", plain_s * 1e3)
    yield Finding(
        f"{name}: again",
        again_s * 1e3,
        "ms",
        "a folder",
        plain_s * 1e3,
        more={"requests": again.traffic.requests},
    )
    whole_s, whole = _timed(lambda: reader.query("events").count(by="month"))
    plain_s, _ = _timed(lambda: folder.query("events").count(by="month"))
    yield Finding(
        f"all {count / 1e6:g}M events by month", whole_s, "s", "a folder", plain_s,
        more={"requests": whole.traffic.requests, "bytes": whole.traffic.bytes_read},
    )  # fmt: skip


def _timed(ask: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = ask()
    return time.perf_counter() - start, answer


def _load(city: stcloud.City, source: Path) -> tuple[float, dict[str, Any]]:
    before = city.traffic
    seconds, _ = _timed(lambda: city.load("events", source, key="id", time="time", lon="lon", lat="lat"))
    traffic = city.traffic.since(before)
    return seconds, {"requests": traffic.requests, "bytes_written": traffic.bytes_written}


def _source(place: Path, count: int) -> Path:
    rng = np.random.default_rng(SEED)
    start = np.datetime64("2024-01-01T00:00:00", "us")
    table = pa.table({
        "id": pa.array(np.arange(count).astype(str)),
        "time": pa.array(start + rng.integers(0, 366 * 86_400, count).astype("timedelta64[s]")).cast(
            pa.timestamp("us", "UTC")
        ),
        "lon": 117.2 + rng.random(count) * 0.3,
        "lat": 31.7 + rng.random(count) * 0.3,
        "kind": pa.array(rng.choice(["light", "noise", "road", "tree"], count)),
        "note": pa.array(rng.integers(0, 10**12, count).astype(str)),
    })  # fmt: skip
    path = place / "events.parquet"
    pq.write_table(table, path, row_group_size=131_072)
    shutil.rmtree(place / "city", ignore_errors=True)
    return path
