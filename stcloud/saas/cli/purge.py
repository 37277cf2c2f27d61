"""`stcloud purge`. Tested by `tests/saas/cli/test_purge.py`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.option import CityFolder, FormatOption, LayerName, OutputOption, open_city, split
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.target import RECORDS, target_of
from stcloud.saas.plaintext import visible

if TYPE_CHECKING:
    from stcloud.daas.purge.purge import Purged

__all__ = ["purge"]

_FIELDS = ("layer", "load", "scope", "rows", "versions", "quarantined", "loads")


def purge(
    city: CityFolder,
    layer: LayerName,
    before: Annotated[
        str | None,
        typer.Option(
            help="Events that began, features that ended before this: 2022, 2022-03-01T12:00, 'last 2 years'."
        ),
    ] = None,
    what: Annotated[
        list[str] | None,
        typer.Option(help="CQL2 filter; any version of a row may fulfil it.", show_default=False),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(help="Remove the values of these columns only; else the rows.", show_default=False),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Repeat recorded purges without --what.")] = False,  # noqa: FBT002
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be removed.")] = False,  # noqa: FBT002
    yes: Annotated[bool, typer.Option("--yes", help="Purge without confirmation.")] = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Remove rows, or values of columns, for good. From past beliefs, superseded files, quarantine and indexes too.

    Nothing brings them back: export first what is to be kept. The ledger records scope and counts, no value.
    """
    target = target_of(form, output, offered=RECORDS)
    opened = open_city(city)
    scope = {"before": before, "what": what or (), "columns": split(columns), "again": again}
    counted = opened.purge(layer, **scope, dry_run=True)  # type: ignore[arg-type]
    if not dry_run:
        _refuse_unasked(layer, yes=yes)
        if not yes and not typer.confirm(visible(_question(layer, counted)), err=True):
            note("nothing was removed")
            return
    done = counted if dry_run else opened.purge(layer, **scope)  # type: ignore[arg-type]
    print_records([purged.to_dict() for purged in done], target, _FIELDS)
    if not dry_run:
        note(f"removed: {_total(done)}" if done else "there was nothing to remove")


def _refuse_unasked(layer: str, *, yes: bool) -> None:
    if not yes and not sys.stdin.isatty():
        raise InvalidInput(
            "yes-needed",
            f"layer '{layer}' is purged only after asking, and nobody can answer",
            hint="add --yes",
        )


def _question(layer: str, counted: Sequence[Purged]) -> str:
    scopes = "; ".join(purged.scope for purged in counted) or "nothing that was recorded"
    return f"Purge layer '{layer}' of {scopes}: {_total(counted)}? They cannot be brought back."


def _total(counted: Sequence[Purged]) -> str:
    rows, versions, refused = (
        sum(getattr(purged, name) for purged in counted) for name in ("rows", "versions", "quarantined")
    )
    return f"{rows:,} rows ({versions:,} versions), {refused:,} values in quarantine"
