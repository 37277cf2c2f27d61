"""`stcloud check`. Tested by `tests/reliability/test_damage.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.option import CityFolder, FormatOption, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.signals import say
from stcloud.saas.cli.target import RECORDS, target_of
from stcloud.saas.plaintext import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcloud.city import City
    from stcloud.daas.audit import Finding

__all__ = ["check"]


def check(
    city: CityFolder,
    layer: Annotated[str | None, typer.Argument(help="Check this layer only.", show_default=False)] = None,
    trail: Annotated[
        Path | None,
        typer.Option(
            help="Check this audit trail against its digests in the ledger, and nothing else.",
            exists=True,
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Check a city for damage.

    Definitions, logs, files, rows, ledger, quarantine and indexes; then calendars, classes, indicators, rules and
    logs of cases, where there are some.
    """
    target = target_of(form, output, offered=RECORDS)
    if trail is not None and layer is not None:
        raise InvalidInput(
            "trail-alone", "an audit trail is checked, or a layer is, not both", hint="leave out one of them"
        )
    opened = open_city(city)
    findings = opened.check(layer) if trail is None else _trail_findings(opened, trail)
    records = [
        {"layer": finding.layer, "check": finding.check, "faults": finding.faults, "example": finding.example}
        for finding in findings
    ]
    print_records(records, target)
    broken = [finding for finding in findings if finding.faults]
    if not broken:
        note("no faults")
        return
    first = broken[0]
    of_what = f"{first.check} of {first.layer}" if first.layer else first.check
    count = sum(finding.faults for finding in broken)
    say(visible(f"{count:,} fault{'' if count == 1 else 's'}; the first, {of_what}: {first.example}"))
    raise typer.Exit(7)


def _trail_findings(city: City, path: Path) -> Sequence[Finding]:
    """Return what is wrong with the digests of trails in a city, and with a trail; say how much of it is proved."""
    from stcloud.daas.audit import Finding  # noqa: PLC0415
    from stcloud.daas.traildigest import digest_faults, trail_digests  # noqa: PLC0415
    from stcloud.saas.rights.audittrail import AuditTrail  # noqa: PLC0415
    from stcloud.saas.rights.trailcheck import checked_trail  # noqa: PLC0415

    ledger, zone = city.parts.catalogue.ledger, city.configuration.zone
    broken, digests = tuple(digest_faults(ledger)), trail_digests(ledger)
    checked = checked_trail(AuditTrail(path), digests, zone)
    if not (broken or checked.faults):
        proved = f"{checked.covered:,} are proved by {checked.digests:,} digests of the ledger"
        note(f"{checked.lines:,} lines, of which {proved}")
    return [
        Finding(None, name, len(faults), faults[0] if faults else None)
        for name, faults in (("digests", broken), ("trail", checked.faults))
    ]
