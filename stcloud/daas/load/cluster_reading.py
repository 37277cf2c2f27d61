"""The reading of a load whose rows the workers of a cluster read: counts, refused rows, the pieces laid down.

Tested by `tests/conformance/test_cluster_loads.py` and `tests/conformance/test_cluster_features.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from stcloud.daas.load.cluster_read import RecordReader, Sizes
from stcloud.daas.load.cluster_store import Piece
from stcloud.daas.load.steps import LoadContext
from stcloud.iaas.engine.cluster import Cluster, Report
from stcloud.iaas.job import Job
from stcloud.iaas.source.part import SourcePart, note_cut, parts_of
from stcloud.iaas.source.protocol import Refusal

__all__ = ["ClusterReading"]

SIZES = Sizes()
_UNSPLIT = "{}"
"""Record of a row that could not be split into its columns: its text is the value of its refusal."""


class ClusterReading:
    """Reads the source of one load on workers; see `RowReading`.

    Parameters
    ----------
    context
        Of the load.
    names
        The source's columns as the definition spells them.
    cluster
        Does the work.
    """

    def __init__(self, context: LoadContext, names: tuple[str, ...], cluster: Cluster) -> None:
        self._sizes = SIZES
        self._context, self._names, self._cluster = context, names, cluster
        self._parts: list[tuple[SourcePart, int]] = []
        self._pieces: list[Piece] = []
        self._records: dict[int, str] = {}

    def _read_parts(self, reader: Callable[[SourcePart], Iterator[Report]], job: Job) -> list[Report]:
        """Let workers read the parts of the source; return what they report, in order."""
        context = self._context
        parts = parts_of(context.source, self._sizes.piece_rows)
        job.tell("read", 0, 0)
        cut: Counter[str] = Counter()
        reports = self._cluster.run(reader, parts)
        for report in reports:
            self._count(report)
            self._parts.append((parts[report["task"]], report["last"]))
            self._pieces += [
                Piece(piece["path"], piece["first"], piece["last"]) for piece in report["pieces"]
            ]
            cut.update(report["cut"])
        note_cut(context.source, cut)
        job.tell("read", context.intake.read, 0)
        return reports

    def _count(self, report: Report) -> None:
        """Count what was seen of a part."""
        intake = self._context.intake
        intake.read += report["read"]
        intake.trimmed += report["trimmed"]
        intake.purged += report["purged"]
        intake.refusals += [Refusal(*values) for values in report["refusals"]]
        intake.repairs += [Refusal(*values) for values in report["repairs"]]
        latest_us = report["latest_us"]
        if latest_us is not None:
            intake.latest_us = latest_us if intake.latest_us is None else max(latest_us, intake.latest_us)
        self._records |= {int(number): text for number, text in report["records"].items()}

    def records(self, refusals: Iterable[Refusal]) -> dict[int, str]:
        """Return the rows of refusals; those that were refused late are read again, by the workers."""
        wanted = {refusal.row: refusal for refusal in refusals}
        late = [row for row, refusal in wanted.items() if row not in self._records and refusal.field]
        tasks = []
        for part, last in self._parts:
            mine = [row for row in late if part.first_row <= row <= last]
            tasks += [(part, mine)] if mine else []
        known = dict(self._records)
        for report in self._cluster.run(RecordReader(self._context.source.reopened), tasks):
            known |= {int(number): text for number, text in report["records"].items()}
        return {row: known.get(row, _UNSPLIT) for row in wanted}

    def close(self) -> None:
        """Do nothing: what was laid down goes with the staging folder."""
