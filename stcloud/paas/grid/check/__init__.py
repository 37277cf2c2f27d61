"""Checks of a unit grid: one report of what is wrong with its cells, codes and dates.

Ring: PaaS, pure. It knows polygons in a metric plane, codes by their scheme, and dates as numbers; it must not know
layers, files, maps or how a grid is made.

Its nouns: `Rules` say what is tolerated; a `Fault` is one thing that is wrong, with its place, its size and what to
do; a `Report` has them all.

Start reading at ``report.py`` (what is reported), then ``inspection.py`` (what is looked at), then ``coverage.py``.
"""

from stcloud.paas.grid.check.inspection import inspect
from stcloud.paas.grid.check.report import KINDS, Fault, Report
from stcloud.paas.grid.check.rules import Rules

__all__ = ["KINDS", "Fault", "Report", "Rules", "inspect"]
