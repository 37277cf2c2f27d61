"""How fast packages are received, whether the last takes longer than the first, and how large they are.

``python -m bench.exchange --owners 50 --hours 200`` simulates owners that send a package of ``--rows`` changed rows
each hour, half of them new and half closed that were opened within a day, and one city that receives them all. It
prints seconds of the processor for each package, how much that grows, and bytes of packages beside those of the
changed rows as CSV. The first fifth of a run counts for nothing: a layer of a few hours has few files.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import stcloud
from stcloud import City

__all__ = ["Measured", "simulate"]

_START_US = 1_704_067_200_000_000
_HOUR_US = 3_600_000_000
_KINDS = ("pothole", "lamp", "litter", "graffiti", "noise", "tree")
_STREETS = ("Zhongshan Road", "Renmin Street", "Jiefang Avenue", "Xinhua Lane")
_HEAD = "id,opened,closed,kind,status,department,street,note,lon,lat\n"


@dataclass
class Measured:
    """Seconds of the processor of packing and of receiving, bytes of packages and of changed rows, by package."""

    packing: list[float] = field(default_factory=list)
    receiving: list[float] = field(default_factory=list)
    package_bytes: list[int] = field(default_factory=list)
    row_bytes: list[int] = field(default_factory=list)

    def growth(self, seconds: list[float]) -> float:
        """Return how much longer a package takes in the last fifth of the run than in the second."""
        fifth = max(1, len(seconds) // 5)
        return median(seconds[-fifth:]) / median(seconds[fifth : 2 * fifth])


class _Clock:
    def __init__(self) -> None:
        self.now_us = _START_US

    def __call__(self) -> int:
        return self.now_us


def _line(owner: int, number: int, opened: int, hour: int, *, closed: bool) -> str:
    at = time.strftime(
        "%Y-%m-%d %H:%M:%S", time.gmtime(_START_US // 1_000_000 + opened * 3600 + number * 97 % 3600)
    )
    until = (
        time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(_START_US // 1_000_000 + hour * 3600))
        if closed
        else ""
    )
    lon, lat = 117 + (number * 7919 + owner) % 9000 / 30_000, 31.7 + number * 104_729 % 9000 / 30_000
    return (
        f"{owner:02}-{number:08},{at},{until},{_KINDS[number % 6]},{'closed' if closed else 'open'},"
        f"Department {number % 9},{_STREETS[number % 4]} {number % 700},reported by telephone {number * 31 % 9999},"
        f"{lon:.6f},{lat:.6f}\n"
    )


def _lines(owner: int, hour: int, rows: int) -> list[str]:
    """Return the lines of an hour: new rows, and some of the last day that were closed since."""
    new = rows - rows // 2
    lines = [_line(owner, hour * new + place, hour, hour, closed=False) for place in range(new)]
    for place in range(rows // 2 if hour else 0):
        opened = hour - 1 - place * 7 % min(hour, 24)
        lines.append(_line(owner, opened * new + place, opened, hour, closed=True))
    return lines


def simulate(owners: int, hours: int, rows: int) -> Measured:
    """Let owners send packages for so many hours, and one city receive them."""
    measured, clock = Measured(), _Clock()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        cities = [_city(root / f"owner{owner:02}", clock) for owner in range(owners)]
        city = _city(root / "city", clock)
        before: list[Path | None] = [None] * owners
        for hour in range(hours):
            clock.now_us += _HOUR_US
            for owner, sender in enumerate(cities):
                lines = _lines(owner, hour, rows)
                file = root / "hour.csv"
                file.write_text(_HEAD + "".join(lines), encoding="utf-8")
                sender.load(
                    "requests", file, key="id", time="opened", time_formats="%Y-%m-%d %H:%M:%S", lon="lon", lat="lat",
                    datum="wgs84", zone="UTC",
                )  # fmt: skip
                path = root / f"{owner:02}-{hour % 2}.stpack"
                begin_s = time.process_time()
                packed = sender.pack("requests", to=path, since=before[owner])
                packed_s = time.process_time()
                city.receive(path, as_layer=f"requests-{owner:02}")
                received_s = time.process_time()
                before[owner] = path
                measured.packing.append(packed_s - begin_s)
                measured.receiving.append(received_s - packed_s)
                if hour:
                    measured.package_bytes.append(packed.bytes)
                    measured.row_bytes.append(sum(len(line.encode()) for line in lines))
    return measured


def _city(place: Path, clock: _Clock) -> City:
    stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai").close()
    return stcloud.open(place, clock=clock)


def main() -> None:
    """Run the simulation that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("owners", 5), ("hours", 100), ("rows", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    measured = simulate(given.owners, given.hours, given.rows)
    for name, seconds in (("pack", measured.packing), ("receive", measured.receiving)):
        print(f"{name}: {median(seconds) * 1000:.1f} ms in the median, growth {measured.growth(seconds):.2f}")
    share = sum(measured.package_bytes) / sum(measured.row_bytes)
    print(
        f"bytes: {median(measured.package_bytes):,} a package, {share:.2f} x those of the changed rows as CSV"
    )


if __name__ == "__main__":
    main()
