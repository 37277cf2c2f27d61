"""`stcloud layers` and `stcloud quarantine`. Tested by `tests/saas/cli/test_features.py`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    LayerName,
    OutputFormat,
    OutputOption,
    SafeCsvOption,
    open_city,
)
from stcloud.saas.cli.output import note, print_records, print_table, print_text, print_to
from stcloud.saas.cli.reckoning import COMPLETE_TO, complete_to
from stcloud.saas.cli.target import RECORDS, Target, target_of
from stcloud.saas.plaintext import visible_json, visible_lines

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.daas.catalogue import Layer
    from stcloud.time import Zone

__all__ = ["layers", "quarantine"]

_SUMMARY = (
    "layer", "kind", "title", "events", "versions", "rows", "first", "last", "extent", "bytes", "loads", "first_load",
    "last_load", "complete_to",
)  # fmt: skip


def layers(
    city: CityFolder,
    layer: Annotated[str | None, typer.Argument(help="Describe this layer.", show_default=False)] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete this layer, after confirmation.")] = False,  # noqa: FBT002
    yes: Annotated[bool, typer.Option("--yes", help="Delete without confirmation.")] = False,  # noqa: FBT002
    rename: Annotated[
        str | None,
        typer.Option(
            "--rename",
            metavar="OLD=NEW",
            help="Rename a layer, which keeps its history, loads and indexes.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=TEXT",
            help="Write a field of the layer's description: title, description, themes, keywords, owner, contact, "
            "licence, update-cycle or lineage; without text, clear it. May be repeated.",
            show_default=False,
        ),
    ] = None,
    quality: Annotated[  # noqa: FBT002
        bool, typer.Option("--quality", help="Show how good the layer's rows are, and nothing else.")
    ] = False,
    known_at: Annotated[
        str | None, typer.Option(help="With --quality: as it was known at this instant.", show_default=False)
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List a city's layers, or describe one. Columns, loads and definition; as ndjson or csv only its loads."""
    target = target_of(form, output, offered=RECORDS)
    if known_at is not None and not quality:
        raise InvalidInput(
            "known-at-unused", "--known-at says when a layer's quality was so, and it is not shown",
            hint="add --quality",
        )  # fmt: skip
    opened = open_city(city)
    if rename is not None:
        _rename(opened, rename, alone=not (layer or delete or yes))
    elif delete or yes:
        _delete(opened, layer if delete else None, yes=yes)
    elif settings or quality:
        _require_layer(layer, "--set" if settings else "--quality")
        if settings:
            _set(opened, str(layer), settings)
        if quality:
            print_records([_quality(opened, str(layer), known_at)], target)
    elif layer is None:
        _list(opened, target)
    else:
        _describe(opened, layer, target)


def _list(opened: City, target: Target) -> None:
    summaries = [_summary(summarized, opened.configuration.zone) for summarized in opened.layers()]
    if not summaries:
        note(f"city '{opened.name}' has no layers yet; load one: stcloud load CITY LAYER FILE …")
    print_records(summaries, target, _SUMMARY)


def _require_layer(layer: str | None, option: str) -> None:
    if layer is None:
        raise InvalidInput("which-layer", f"nothing says whose {option} is", hint=f"use LAYER {option}")


def _set(opened: City, layer: str, settings: Sequence[str]) -> None:
    """Write fields of a layer's description, all or none."""
    fields: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(
                "unset-field", f"'{setting}' sets no field", hint="write --set owner='Roads department'"
            )
        fields[name.strip().replace("-", "_")] = text.strip() or None
    described = opened.describe(layer, **fields)
    note(f"layer '{layer}' has {', '.join(described.fields) or 'no description'}")


def _quality(opened: City, layer: str, known_at: str | None = None) -> dict[str, Any]:
    zone, quality = opened.configuration.zone, opened.quality(layer, known_at)
    share, late_us = quality.rejected_share, quality.lateness_us
    return {
        "layer": layer,
        "rows": quality.rows,
        "unplaced": quality.unplaced,
        "read": quality.read,
        "rejected": quality.rejected,
        "rejected_share": None if share is None else round(share, 6),
        "complete_to": None if quality.complete_to_us is None else zone.iso(quality.complete_to_us),
        "lateness_s": None if late_us is None else round(late_us / 1e6, 3),
        "last_load": None if quality.last_load_us is None else zone.iso(quality.last_load_us),
    }


def _describe(opened: City, layer: str, target: Target) -> None:
    zone = opened.configuration.zone
    chosen = opened.layer(layer)
    columns = [
        {"column": attribute.name, "type": attribute.type, "unit": attribute.unit, "title": attribute.title}
        | ({"personal": attribute.name in chosen.personal} if chosen.personal else {})
        for attribute in chosen.attributes
    ]
    loads = [
        {
            "load": reckoning.load,
            "source": reckoning.source,
            "mode": reckoning.mode,
            "recorded_at": zone.iso(reckoning.recorded_at_us),
        }
        | reckoning.counts
        | complete_to(reckoning, zone)
        for reckoning in chosen.loads
    ]
    names = dict.fromkeys(name for record in loads for name in record)  # some loads have counts of their own
    loads = [
        {name: record.get(name, None if name == COMPLETE_TO else 0) for name in names} for record in loads
    ]
    if target.form is OutputFormat.JSON:
        whole = {
            "layer": _summary(chosen, zone),
            "description": _description(chosen),
            "columns": columns,
            "loads": loads,
            "definition": chosen.definition.to_toml(),
        }
        print_text(visible_json(json.dumps(whole, ensure_ascii=False)) + "\n", target.path)
        return
    if target.form is not OutputFormat.TABLE:
        print_records(loads, target)
        return
    definition = visible_lines(chosen.definition.to_toml())
    described = [
        {"description": name, "text": ", ".join(value) if isinstance(value, list) else value}
        for name, value in _description(chosen).items()
    ]
    parts = ([_summary(chosen, zone)], *([described] if described else []), columns, loads)
    print_to(target.path, lambda sink: _print_parts(parts, definition, sink, whole=target.path is not None))


def _description(layer: Layer) -> dict[str, Any]:
    """Return the fields of a layer's description that somebody wrote."""
    fields = layer.description.fields.items()
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields}


def _print_parts(
    parts: Sequence[Sequence[Mapping[str, Any]]], definition: str, sink: TextIO, *, whole: bool
) -> None:
    for part in parts:
        print_table(list(part[0]) if part else [], part, sink, len(part), whole=whole)
        sink.write("\n")
    sink.write(definition)


def _delete(opened: City, layer: str | None, *, yes: bool) -> None:
    if layer is None:
        raise InvalidInput("which-layer", "nothing says what is to be deleted", hint="use LAYER --delete")
    chosen = opened.layer(layer)
    if not yes and not sys.stdin.isatty():
        raise InvalidInput(
            "yes-needed",
            f"layer '{layer}' is deleted only after asking, and nobody can answer",
            hint="add --yes",
        )
    prompt = f"Delete layer '{layer}' ({chosen.rows:,} rows, {len(chosen.loads)} loads)?"
    if not yes and not typer.confirm(prompt, err=True):
        note("nothing was deleted")
        return
    opened.delete(layer)
    note(f"layer '{layer}' was deleted; its loads stay in the ledger")


def _rename(opened: City, text: str, *, alone: bool) -> None:
    if not alone:
        raise InvalidInput(
            "rename-alone", "--rename renames a layer and does nothing else", hint="leave out LAYER and other options"
        )  # fmt: skip
    old, _, new = text.partition("=")
    if not old or not new:
        raise InvalidInput("bad-rename", f"'{text}' is no old and new name", hint="write --rename OLD=NEW")
    if opened.rename(old, new):
        note(f"layer '{old}' is called '{new}' from now on; it keeps its history, loads and indexes")
    else:
        note(f"layer '{new}' is called so already: nothing was done")


def quarantine(
    city: CityFolder,
    layer: LayerName,
    load: Annotated[
        str | None,
        typer.Option(
            "--load",
            help="The rejected rows of this load as they were in the source, to be mended and loaded.",
            show_default=False,
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """List the rejected rows of a layer's loads. With file, row, field, value and reason."""
    target = target_of(form, output, safe_csv=safe_csv, offered=RECORDS)
    rejected = open_city(city).rejected(layer, load=load)
    if not rejected.num_rows:
        what = f"of layer '{layer}'" if load is None else f"of load {load}"
        note(f"no rows {what} were rejected")
    print_records(rejected.to_pylist(), target, rejected.schema.names)


def _summary(layer: Layer, zone: Zone) -> dict[str, Any]:
    span, recorded, extent = layer.span_us, layer.recorded_us, layer.extent
    completeness = layer.completeness()
    return {
        "layer": layer.name,
        "kind": layer.kind,
        "title": layer.title,
        "events": None if layer.layer_kind.versioned else layer.events,
        "versions": layer.events if layer.layer_kind.versioned else None,
        "rows": layer.rows,
        "first": zone.iso(span[0]) if span else None,
        "last": zone.iso(span[1]) if span else None,
        "extent": ",".join(f"{value:.0f}" for value in extent) if extent else None,
        "bytes": layer.bytes,
        "loads": len(layer.loads),
        "first_load": zone.iso(recorded[0]) if recorded else None,
        "last_load": zone.iso(recorded[1]) if recorded else None,
        "complete_to": zone.iso(completeness.to_us) if completeness else None,
    }
