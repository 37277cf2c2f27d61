"""`python -m bench [--only NAME] [--scale small|full] [--data DIR] [--reuse]`, from the repository's root."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from bench import (
    bucket,
    case,
    casereplay,
    cases,
    cells,
    check,
    console,
    cube,
    desk,
    division,
    episodes,
    evaluation,
    features,
    join,
    load,
    location,
    movement,
    plans,
    query,
    reach,
    scenes,
    series,
    services,
    start,
    tiles,
)
from bench.data import Scale
from bench.report import facts, keep, show

_HERE = Path(__file__).parent
_MEASURES = {
    "start": start.findings,
    "bucket": bucket.findings,
    "cells": cells.findings,
    "cube": cube.findings,
    "load": load.loads,
    "memory": load.longer,
    "query": query.answers,
    "growth": query.growth,
    "features": features.findings,
    "join": join.findings,
    "case": case.findings,
    "desk": desk.findings,
    "casereplay": casereplay.findings,
    "cases": cases.findings,
    "evaluation": evaluation.findings,
    "scenes": scenes.findings,
    "episodes": episodes.findings,
    "location": location.findings,
    "movement": movement.findings,
    "plans": plans.findings,
    "reach": reach.findings,
    "check": check.findings,
    "division": division.findings,
    "series": series.findings,
    "services": services.findings,
    "console": console.findings,
    "tiles": tiles.findings,
}


def main() -> None:
    """Measure what is asked for, say it and keep it."""
    asked = _arguments()
    scale = Scale.of(asked.scale, asked.data.resolve(), reuse=asked.reuse)
    machine, found, notes = facts(), [], Console(stderr=True)
    for name in asked.only or _MEASURES:
        with notes.status(f"{name} …"):
            measured = list(_MEASURES[name](scale))
        notes.print(f"kept in {keep(measured, scale.name, machine, _HERE / 'results')}: {name}")
        found += measured
    show(found, scale.name, machine)
    for one in found:
        for line in one.warnings:
            notes.print(f"[red]{one.name}: {line}[/]")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast we are beside others.")
    add = parser.add_argument
    add("--only", choices=_MEASURES, action="append", help="measure this only; may be repeated")
    add("--scale", choices=("small", "full"), default="full", help="small: to try; full: to report")
    add("--data", type=Path, default=_HERE / ".data", metavar="DIR", help="where data is kept")
    add("--reuse", action="store_true", help="keep layers of events; ask those of an earlier run")
    return parser.parse_args()


if __name__ == "__main__":
    main()
