"""Findings: what was measured, beside a peer and a target; shown as a table, kept as JSON lines."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["Finding", "Target", "facts", "keep", "show"]

_PACKAGES = (
    "stcloud",
    "duckdb",
    "pyarrow",
    "deltalake",
    "numpy",
    "pandas",
    "geopandas",
    "shapely",
    "psycopg",
)
_STYLES = {"missed": "red", "aim missed": "yellow", "reached": "green", "aim reached": "bold green"}


@dataclass(frozen=True, slots=True)
class Target:
    """At most ``ratio`` times the peer, and at most ``most`` in the finding's unit; None asks nothing."""

    ratio: float | None = None
    most: float | None = None

    def text(self, unit: str) -> str:
        """Say it in words."""
        parts = [] if self.ratio is None else [f"≤ {self.ratio:g} ×"]
        parts += [] if self.most is None else [f"≤ {_amount(self.most, unit)}"]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one measure found. Every figure is a cost: less is better.

    Parameters
    ----------
    name
        What was measured, with its size.
    ours, peer
        Our cost and the peer's in ``unit``; None when the peer is missing.
    unit
        ``s``, ``ms``, ``GB`` or ``ns`` (a point).
    against
        Who the peer is.
    must, aim
        What is to be reached, and what is hoped for.
    more
        Whatever else is worth keeping (spread, sizes).
    """

    name: str
    ours: float | None
    unit: str
    against: str = ""
    peer: float | None = None
    must: Target | None = None
    aim: Target | None = None
    more: dict[str, Any] | None = None

    @property
    def ratio(self) -> float | None:
        """Our cost by the peer's."""
        return self.ours / self.peer if self.ours is not None and self.peer else None

    @property
    def verdict(self) -> str:
        """``aim reached``, ``reached``, ``missed``, ``aim missed``, ``missing`` (unmeasured), or nothing."""
        must, aim = (target and self._meets(target) for target in (self.must, self.aim))
        if aim and (must or self.must is None):
            return "aim reached"
        if self.must is None:
            return "" if self.aim is None else "missing" if aim is None else "aim missed"
        return "missing" if must is None else "reached" if must else "missed"

    @property
    def warnings(self) -> list[str]:
        """What makes the figures doubtful: answers that differ, a peer that is missing."""
        more = self.more or {}
        differing = more.get("differing", {})
        found = [
            f"{name} counts otherwise in {times} questions" for name, times in differing.items() if times
        ]
        absent = [name for name, said in more.items() if isinstance(said, dict) and "missing" in said]
        return found + [f"{name} is left out: {more[name]['missing']}" for name in absent]

    def _meets(self, target: Target) -> bool | None:
        asked = [(self.ratio, target.ratio), (self.ours, target.most)]
        pairs = [(found, limit) for found, limit in asked if limit is not None]
        if any(found is not None and found > limit for found, limit in pairs):
            return False
        return None if any(found is None for found, _ in pairs) else True


def facts() -> dict[str, Any]:
    """Return what a reader must know of the machine: cores, memory, versions."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
    }


def keep(findings: Iterable[Finding], scale: str, machine: dict[str, Any], folder: Path) -> Path:
    """Append the findings to today's file in ``folder``, a JSON object a line."""
    now = datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%d}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        for one in findings:
            row = {
                "at": now.isoformat(timespec="seconds"), "scale": scale, "name": one.name, "ours": one.ours,
                "peer": one.peer, "against": one.against, "unit": one.unit, "ratio": one.ratio,
                "must": one.must and one.must.text(one.unit), "aim": one.aim and one.aim.text(one.unit),
                "verdict": one.verdict, "more": one.more or {}, "machine": machine,
            }  # fmt: skip
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def show(findings: Sequence[Finding], scale: str, machine: dict[str, Any]) -> None:
    """Print the findings as a table."""
    title = f"{scale} scale, {machine['cores']} cores, load {machine['load_before']} before"
    table = Table(title=title, title_justify="left")
    for name in ("measure", "ours", "peer", "ratio", "must", "aim", "verdict"):
        table.add_column(name, justify="right" if name in {"ours", "ratio"} else "left", overflow="fold")
    for one in findings:
        style = _STYLES.get(one.verdict, "")
        table.add_row(
            one.name,
            _amount(one.ours, one.unit),
            f"{one.against} {_amount(one.peer, one.unit)}".strip(),
            "" if one.ratio is None else f"{one.ratio:.2f} ×",
            one.must.text(one.unit) if one.must else "",
            one.aim.text(one.unit) if one.aim else "",
            f"[{style}]{one.verdict}[/]" if style else one.verdict,
        )
    Console(width=None if Console().is_terminal else 160).print(table)


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "ns":
        return f"{value:.3g} ns ({1e3 / value:,.0f} M/s)"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )
