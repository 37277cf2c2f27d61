"""How many rows a second a feed takes into a layer, and whether a day of loads grows slower.

``python -m bench.feed`` prints for batches of 1 s and 10 s at 7,870 rows a second (680 million a day) how long a
batch takes, and how much faster than it arrives that is; ``--day`` loads 24 simulated hours; ``--replay`` listens to
a day of the fixture city on a clock that goes 60 times faster.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import stcloud
from bench import replay
from stcloud import City
from stcloud.iaas.feed.message import Message, StreamPlace, Take
from stcloud.saas.feed import BatchOutcome, Listener
from stcloud.testing.feeds import MemoryFeed

__all__ = ["RATE", "Arriving", "Measured", "fixes", "measure", "simulate"]

RATE = 7_870
"""Rows a second of 680 million a day."""
_START_S = 1_709_222_400
OPTIONS = {"key": ["vehicle", "at"], "time": "at", "lon": "lon", "lat": "lat"}


@dataclass(frozen=True, slots=True)
class Measured:
    """Batches of so many rows, and seconds of the clock and of the processor for each."""

    rows: int
    seconds: tuple[float, ...]
    processor: tuple[float, ...]

    @property
    def headroom(self) -> float:
        """How many times faster than rows arrive they are loaded, in the median."""
        return self.rows / RATE / median(self.seconds)


def fixes(second: float, count: int, number: int) -> list[Message]:
    """Return a message for each of so many vehicles, positions at an instant."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(_START_S + int(second)))
    micros = int(second % 1 * 1_000_000)
    return [
        Message(
            json.dumps({
                "vehicle": f"v{n % 20_000}", "at": f"{at}.{(micros + n // 20_000 * 1000) % 1_000_000:06}Z",
                "lon": round(117 + n % 5000 / 10_000, 5), "lat": round(31.5 + n % 4999 / 10_000, 5),
                "speed": n % 80, "bearing": n % 360,
            }).encode(),
            place=StreamPlace("fixes", number + n), at_us=int((_START_S + second) * 1_000_000),
        )
        for n in range(count)
    ]  # fmt: skip


def measure(folder: Path, rows: int, batches: int) -> Measured:
    """Load some batches of so many rows."""
    seconds, processor = [], []
    with stcloud.create(folder / f"city-{rows}", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        for batch in range(batches):
            feed = MemoryFeed(fixes(batch * 10, rows, 1 + batch * rows))
            listener = Listener(city, "fixes", feed, every_s=0, options=OPTIONS)
            started, began = time.perf_counter(), time.process_time()
            listener.run(once=True)
            seconds.append(time.perf_counter() - started)
            processor.append(time.process_time() - began)
    return Measured(rows, tuple(seconds[1:]), tuple(processor[1:]))


class Arriving(MemoryFeed):
    """Fixes that arrive on a clock which goes on by itself, a batch at each turn."""

    def __init__(self, every_s: float, rows: int) -> None:
        super().__init__([])
        self._every_s, self._rows = every_s, rows
        self.batches = 0

    def now_us(self) -> int:
        """Return the instant of the last batch."""
        return int((_START_S + self.batches * self._every_s) * 1_000_000)

    def take(self, take: Take) -> list[Message]:
        """Return the next batch."""
        del take
        self.acknowledged.clear()
        self.batches += 1
        return fixes(self.batches * self._every_s, self._rows, 1 + self.batches * self._rows)


def simulate(folder: Path, hours: int, every_s: float, rows: int) -> Iterator[dict[str, float]]:
    """Load simulated hours, a batch of so many rows every so many seconds; give figures of each hour."""
    feed = Arriving(every_s, rows)
    stcloud.create(folder / "day", crs="EPSG:4548", zone="Asia/Shanghai").close()
    with stcloud.open(folder / "day", clock=feed.now_us) as city:
        for _ in range(hours):
            before = _read_bytes()
            took = _loaded(city, feed, int(3600 / every_s))
            read_bytes = (_read_bytes() - before) / len(took)
            asked = []
            for _ in range(3):
                started = time.process_time()
                city.query("fixes").what("vehicle = 'v7'").to_arrow()
                asked.append(time.process_time() - started)
            yield {
                "batches": feed.batches, "load_s": median(took), "mean_s": sum(took) / len(took),
                "question_s": min(asked), "files": len(city.layer("fixes").snapshot.files), "memory_mb": _memory_mb(),
                "read_mb": read_bytes / 1e6,
            }  # fmt: skip


def _loaded(city: City, feed: Arriving, batches: int) -> list[float]:
    """Load so many batches; return the seconds of the processor that each took, from when it was there."""
    took: list[float] = []
    stop = threading.Event()
    started = time.process_time()

    def on_batch(_: BatchOutcome) -> None:
        nonlocal started
        now = time.process_time()
        took.append(now - started)
        started = now
        if len(took) == batches:
            stop.set()

    Listener(city, "fixes", feed, every_s=0, options=OPTIONS, on_batch=on_batch).run(stop)
    return took


def _read_bytes() -> int:
    """Return how many bytes this process has read so far, from files and pipes."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("rchar:"))


def _memory_mb() -> float:
    """Return the memory that is in use now."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Print what is measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--day", action="store_true")
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--every", type=float, default=60)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--replay", action="store_true", help="of --hours, from --first on")
    parser.add_argument("--first", type=float, default=0.0)
    parser.add_argument("--times", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.replay:
            replay.main(Path(folder) / "city", given.times, (given.first, given.first + given.hours))
            return
        if given.day:
            for hour in simulate(Path(folder), given.hours, given.every, given.rows):
                print(json.dumps({name: round(number, 3) for name, number in hour.items()}), flush=True)
            return
        for rows, batches in ((RATE, 12), (RATE * 10, 5)):
            measured = measure(Path(folder), rows, batches)
            print(
                f"{rows:,} rows: {measured.headroom:.1f} x, {median(measured.seconds):.2f} s, "
                f"{median(measured.processor):.2f} s of the processor"
            )


if __name__ == "__main__":
    main()
