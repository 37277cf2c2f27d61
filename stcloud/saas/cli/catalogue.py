"""`stcloud catalogue`. Tested by `tests/saas/cli/test_catalogue.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.saas.cli.option import CityFolder, FormatOption, OutputFormat, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.target import RECORDS, target_of

if TYPE_CHECKING:
    from stcloud.city.catalogueentries import CatalogueEntry
    from stcloud.time import Zone

__all__ = ["catalogue"]

_FIELDS = (
    "layer", "kind", "title", "themes", "owner", "licence", "origin", "last", "known_until", "complete_to", "cycle",
    "due", "late_s",
)  # fmt: skip
_SHORT = ("layer", "kind", "themes", "owner", "origin", "last", "cycle", "late_h")


def catalogue(
    city: CityFolder,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORDS]...",
            help="Only layers in whose descriptions all of these occur.",
            show_default=False,
        ),
    ] = None,
    late: Annotated[bool, typer.Option("--late", help="Only layers that are due.")] = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List what a city holds. With themes and owners, what came when, and how late it is by the agreed cycle."""
    target = target_of(form, output, offered=RECORDS)
    opened = open_city(city)
    entries = [each for each in opened.catalogue(" ".join(words or ())) if each.is_late or not late]
    if not entries:
        which = (["has these words"] if words else []) + (["is late"] if late else [])
        note(f"no layer of city '{opened.name}' {' and '.join(which) or 'is there'}")
    records = [_record(each, opened.configuration.zone) for each in entries]
    if target.form is OutputFormat.TABLE and target.path is None:
        print_records([_short(record) for record in records], target, _SHORT)
    else:
        print_records(records, target, _FIELDS)


def _record(each: CatalogueEntry, zone: Zone) -> dict[str, Any]:
    def iso(at_us: int | None) -> str | None:
        return None if at_us is None else zone.iso(at_us)

    return {
        "layer": each.layer, "kind": each.kind, "title": each.title, "themes": ", ".join(each.themes) or None,
        "owner": each.owner, "licence": each.licence, "origin": each.origin, "last": iso(each.last_us),
        "known_until": iso(each.known_us), "complete_to": iso(each.complete_us), "cycle": each.update_cycle,
        "due": iso(each.due_us), "late_s": None if each.late_us is None else round(each.late_us / 1e6, 3),
    }  # fmt: skip


def _short(record: dict[str, Any]) -> dict[str, Any]:
    """Return what a line of 80 characters has room for: the last load by the minute, and hours."""
    late_s, last = record["late_s"], record["last"]
    shown = {
        "last": None if last is None else last[:16].replace("T", " "),
        "late_h": None if late_s is None else round(late_s / 3600, 1),
    }
    return {name: record.get(name) for name in _SHORT} | shown
