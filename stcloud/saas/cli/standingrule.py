"""`stcloud rule`: rules of standing questions. Tested by `tests/saas/cli/test_alerts.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.saas.cli.option import CityFolder, FormatOption, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records, print_text
from stcloud.saas.cli.target import RECORDS, target_of

if TYPE_CHECKING:
    from stcloud.city.standingrules import RuleVersion
    from stcloud.time import Zone

__all__ = ["rule"]

rule = typer.Typer(help="Rules of standing questions.", no_args_is_help=True)

_COLUMNS = ("rule", "version", "layer", "text", "added", "ended")

RuleName = Annotated[str, typer.Argument(metavar="RULE", help="Name of the rule.", show_default=False)]


@rule.command()
def add(
    city: CityFolder,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="TOML or JSON file of the rule.", show_default=False)
    ],
) -> None:
    """Add a rule, or a new version of it."""
    version = open_city(city).standing.add(file)
    note(f"rule {version.rule.id}, version {version.version}: {version.rule.text}")


@rule.command(name="list")
def list_rules(city: CityFolder, form: FormatOption = None, output: OutputOption = None) -> None:
    """List the rules, each in its newest version."""
    target, opened = target_of(form, output, offered=RECORDS), open_city(city)
    zone = opened.configuration.zone
    print_records([_record(version, zone) for version in opened.standing.rules()], target, _COLUMNS)


@rule.command()
def show(
    city: CityFolder,
    name: RuleName,
    version: Annotated[
        int | None, typer.Option(help="Number of the version; default: the newest.", min=1)
    ] = None,
) -> None:
    """Print a rule as a TOML document."""
    from stcloud.errors import NotFound  # noqa: PLC0415

    versions = open_city(city).standing.versions(name)
    if version is not None and version > len(versions):
        raise NotFound("unknown-version", f"rule '{name}' has {len(versions)} versions, no version {version}")
    chosen = versions[-1 if version is None else version - 1]
    print_text(chosen.rule.to_toml())
    note(f"version {chosen.version} of {len(versions)}")


@rule.command()
def end(
    city: CityFolder,
    name: RuleName,
    at: Annotated[
        str | None, typer.Option(help="Valid time at which its open alerts end; default: now.")
    ] = None,
) -> None:
    """End a rule: it raises no alert any more."""
    version = open_city(city).standing.end(name, at)
    note(f"rule {name}, version {version.version}, has ended")


def _record(version: RuleVersion, zone: Zone) -> dict[str, Any]:
    return {
        "rule": version.rule.id, "version": version.version, "layer": version.rule.layer, "text": version.rule.text,
        "title": version.rule.title, "added": zone.iso(version.added_us),
        "ended": None if version.ended_us is None else zone.iso(version.ended_us),
    }  # fmt: skip
