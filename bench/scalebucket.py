"""Neighbourhood questions of cities of more and more events in a bucket: requests and bytes.

The bucket is a server on this machine (moto), which holds all bytes in memory.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import stcloud
from bench.data import Question, questions
from bench.report import Finding, Target
from bench.scalewatch import Step
from stcloud.iaas.store.traffic import Traffic
from stcloud.testing.objectserver import ObjectServer, s3_server

__all__ = ["steps", "targets"]

_QUESTIONS = 20
_MOST = 3.0


def steps(cities: Mapping[int, Path]) -> Iterator[Step]:
    """Copy each city to a bucket, and ask there: each question on a machine that has nothing of the city."""
    with s3_server() as server:
        for size, folder in cities.items():
            address = server.address(f"city-{size}")
            with stcloud.open(folder) as city:
                city.copy_to(address, store_options=server.options)
            yield from _asked(size, [_cold(server, address, question) for question in questions(_QUESTIONS)])


def targets(measured: Sequence[Step]) -> Iterator[Finding]:
    """Compare the bytes that questions read with those of the pages of the row groups needed."""
    for step in measured:
        if step.more is not None and "needed" in step.more:
            yield Finding(
                f"bucket: bytes of a neighbourhood, {step.events / 1e6:g}M events", (step.bytes or 0) / 1e6, "MB",
                "pages of the columns in the row groups needed", step.more["needed"] / 1e6, Target(ratio=_MOST),
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Cold:
    """What opening a layer took, and one question; ``needed``: bytes of the pages in the row groups that it reads."""

    opened_s: float
    opened: Traffic
    there: int
    seconds: float
    traffic: Traffic
    rows: int
    files: int
    needed: int


def _cold(server: ObjectServer, address: str, question: Question) -> _Cold:
    with (
        tempfile.TemporaryDirectory() as cache,
        stcloud.open(address, store_options=server.options, cache=cache) as city,
    ):
        start = time.perf_counter()
        there, opened = len(city.layer("events").snapshot.files), city.traffic
        opened_s = time.perf_counter() - start
        query = city.query("events").where(question.polygon).when(question.when)
        start = time.perf_counter()
        answer = query.count(by=["cell:100m", "week"])
        seconds, traffic = time.perf_counter() - start, city.traffic.since(opened)
        plan, rows = query.explain(), sum(answer.to_arrow()["count"].to_pylist())
        return _Cold(opened_s, opened, there, seconds, traffic, rows, plan.files[0], plan.bytes[0])


def _asked(size: int, cold: Sequence[_Cold]) -> Iterator[Step]:
    """Give the medians of opening, and of asking."""

    def median(number: Callable[[_Cold], float]) -> int:
        return round(statistics.median(map(number, cold)))

    yield Step(
        size, "open, bucket", "duckdb", statistics.median(each.opened_s for each in cold),
        files=median(lambda each: each.there), bytes=median(lambda each: each.opened.bytes_read),
        requests=median(lambda each: each.opened.requests),
    )  # fmt: skip
    yield Step(
        size, "neighbourhood, bucket", "duckdb", statistics.median(each.seconds for each in cold),
        rows=median(lambda each: each.rows), files=median(lambda each: each.files),
        bytes=median(lambda each: each.traffic.bytes_read), requests=median(lambda each: each.traffic.requests),
        more={
            "needed": median(lambda each: each.needed),
            "most_requests": max(each.traffic.requests for each in cold),
        },
    )  # fmt: skip
