"""Vacuum: deleting the files of a city's tables that nothing needs, while others load and query.

Tested by `tests/reliability/test_vacuum.py`.
"""

from __future__ import annotations

import contextlib

from stcloud.daas.catalogue import Catalogue
from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.table.vacuum import vacuum

__all__ = ["vacuum_city"]

LEAST_HOURS = 1
"""Queries that run longer than this may fail where less is kept."""
_DAY = 24
_WAIT_S = 5.0


def vacuum_city(catalogue: Catalogue, folder: Folder, *, retain_hours: float, force: bool) -> int:
    """Delete the files of a city that nothing needs: of tables, and what killed writers began; return how many.

    What a running load has written or placed stays: files that no commit names are deleted only while the layer's
    lock is held, and after a commit that overtakes every writer who does not heed the lock.

    Raises
    ------
    InvalidInput
        ``retention-too-short``: less than an hour would be kept, and ``force`` does not say so.
    """
    if retain_hours < 0 or (retain_hours < LEAST_HOURS and not force):
        raise InvalidInput(
            "retention-too-short",
            f"vacuum was to keep files for {retain_hours:g} hours only: queries that run need them longer",
            hint=f"keep {LEAST_HOURS} hour at least, or force it while nobody queries (--force, force=True)",
        )
    count = 0
    names = catalogue.names()
    for name in sorted(set(catalogue.begun()) - set(names)):
        with contextlib.suppress(NotFound):
            catalogue.table(name).table.log.finish_deletion()
    for name in names:
        table = catalogue.table(name).table
        with contextlib.suppress(NotFound), contextlib.ExitStack() as held:  # it may be deleted meanwhile
            unnamed_hours: float | None = retain_hours
            try:
                held.enter_context(catalogue.locked(name, wait_s=_WAIT_S))
            except (
                Conflict
            ):  # a load runs: what no commit names may be its files, and waits for the next vacuum
                unnamed_hours = None
            else:
                folder.discard_staging(f"{catalogue.lock_name(name)}.spool")  # of a load that was killed
                count += _beside(catalogue, name, retain_hours)
            count += vacuum(table, retain_hours=retain_hours, unnamed_hours=unnamed_hours)
    least_hours = max(retain_hours, LEAST_HOURS)  # whoever appends holds no lock
    for table in catalogue.shared_tables():
        count += vacuum(table, retain_hours=retain_hours, unnamed_hours=least_hours)
    return (
        count + folder.discard_unfinished(older_hours=least_hours) + folder.discard_probes(older_hours=_DAY)
    )


def _beside(catalogue: Catalogue, name: str, older_hours: float) -> int:
    """Delete what lies beside a layer's table and that nothing needs; of a damaged layer nothing."""
    try:
        kind = catalogue.layer(name).layer_kind
    except FormatError:
        return 0
    return kind.discard_unneeded(catalogue.table(name), older_hours=older_hours)
