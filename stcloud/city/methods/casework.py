"""The cases of a city: their logs, and how their handling is evaluated.

Tested by `tests/city/test_cases.py` and `tests/city/test_evaluating.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from stcloud.city import below
from stcloud.city.methods.opened import OpenedCity

if TYPE_CHECKING:
    from stcloud.city.cases import Cases
    from stcloud.city.evaluating import CaseEvaluation, EvaluationKeywords

__all__ = ["CityCasework"]


class CityCasework(OpenedCity):
    """Cases, and their evaluation."""

    def cases(
        self, log: str, *, create: str | None = None, clocks: str | None = None, url: str | None = None
    ) -> Cases:
        """Open a log of cases; with ``create``, make it first.

        Parameters
        ----------
        log
            Its name.
        create, clocks
            Workflow and clocks of a new log: names of bundled ones (``urban-management``), or TOML documents.
        url
            Where a new log is kept: ``postgresql://user@host/database``; None: in the city's folder.

        Raises `NotFound` ``no-records``; `Conflict` ``records-exist``; `InvalidInput` for what is wrong with rules.
        """
        return below.open_cases(
            self._city, self._parts, self._clock, log, create=create, clocks=clocks, url=url
        )

    def case_logs(self) -> tuple[str, ...]:
        """Return the names of the city's logs of cases, sorted."""
        return below.case_log_names(self._parts.folder)

    def evaluate(self, layer: str, **options: Unpack[EvaluationKeywords]) -> CaseEvaluation:
        """Evaluate a layer of published cases, or of requests with due and closing times; see `Cases.evaluate`.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``unknown-import``, ``at-a-batch``, ``unknown-area``.
        """
        return below.evaluate_layer(self._parts, self._city, layer, self._clock, options)
