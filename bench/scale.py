"""`python -m bench.scale [--only NAME] [--sizes 1M,10M] [--bucket] [--scale small|full]`: how costs grow.

Everything is invented from a seed when it is needed, and deleted afterwards. A full run takes hours, of which the
largest size takes most; so it is apart from `python -m bench`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench import scalecatalogue, scalefiles, scalegrowth, scaleloads
from bench.report import Finding, facts, keep, show

__all__ = ["main"]

_HERE = Path(__file__).parent
_UNITS = {"k": 1_000, "M": 1_000_000}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each is measured."""

    name: str
    events: tuple[int, ...]
    layers: int
    loads: int
    minutes: int
    rows_s: int
    files: tuple[int, ...]
    engines: tuple[str, ...]
    reuse: bool
    bucket: bool

    @classmethod
    def of(
        cls, name: str, events: tuple[int, ...] | None, engines: tuple[str, ...], *, reuse: bool, bucket: bool
    ) -> Sizes:  # fmt: skip
        """Return the sizes of a scale; ``events`` instead of its own."""
        if name == "full":
            files = (1_000, 10_000, 50_000)
            return cls(
                name,
                events or (1_000_000, 10_000_000),
                1_800,
                2_000,
                10,
                7_870,
                files,
                engines,
                reuse,
                bucket,
            )
        return cls(name, events or (20_000, 40_000), 20, 12, 2, 100, (50, 100), engines, reuse, bucket)


_MEASURES: dict[str, Callable[[Path, Sizes], Iterator[Finding]]] = {
    "catalogue": lambda folder, sizes: scalecatalogue.findings(folder, sizes.layers),
    "loads": lambda folder, sizes: scaleloads.small_loads(folder, sizes.loads),
    "files": lambda folder, sizes: scalefiles.findings(folder, sizes.files),
    "feed": lambda folder, sizes: scaleloads.feed(folder, sizes.minutes, sizes.rows_s),
    "growth": lambda folder, sizes: scalegrowth.findings(
        folder, sizes.events, sizes.engines, reuse=sizes.reuse, bucket=sizes.bucket
    ),
}


def main() -> None:
    """Measure what is named, print it and keep it."""
    given = _arguments()
    engines = tuple(given.engine or ("duckdb", "sail"))
    sizes = Sizes.of(given.scale, given.sizes, engines, reuse=given.reuse, bucket=given.bucket)
    folder = given.data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    machine, measured, notes = facts(), [], Console(stderr=True)
    for name in given.only or _MEASURES:
        with notes.status(f"{name} …"):
            part = list(_MEASURES[name](folder, sizes))
        notes.print(f"kept in {keep(part, f'scale-{sizes.name}', machine, given.results)}: {name}")
        measured += part
    show(measured, sizes.name, machine)
    scalegrowth.show_steps(measured)


def _sizes(text: str) -> tuple[int, ...]:
    parts = (part.strip() for part in text.split(","))
    return tuple(
        int(float(part[:-1]) * _UNITS[part[-1]]) if part[-1:] in _UNITS else int(part) for part in parts
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description="How costs grow with size.")
    add = parser.add_argument
    add("--only", choices=_MEASURES, action="append", help="measure this only; may be repeated")
    add("--sizes", type=_sizes, metavar="N,N", help="numbers of events, such as 1M,10M,100M")
    add("--engine", choices=("duckdb", "sail"), action="append", help="ask on this only; may be repeated")
    add("--reuse", action="store_true", help="keep cities of events; ask those of an earlier run")
    add("--bucket", action="store_true", help="growth: neighbourhood questions of copies in a bucket alone")
    add("--scale", choices=("small", "full"), default="full", help="small: to try; full: to report")
    add("--data", type=Path, default=_HERE / ".data", metavar="DIR", help="where data is kept meanwhile")
    add("--results", type=Path, default=_HERE / "results", metavar="DIR", help="where findings are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
