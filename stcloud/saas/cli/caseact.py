"""`stcloud case open` and `stcloud case act`. Tested by `tests/saas/cli/test_case.py`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput, StcloudError
from stcloud.saas.cli.option import CityFolder, FormatOption, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.pairs import read_pairs
from stcloud.saas.cli.target import RECORDS, target_of

if TYPE_CHECKING:
    from stcloud.city.cases import Cases
    from stcloud.paas.case.caselog import Accepted

__all__ = ["act", "open_case"]

LogName = Annotated[str, typer.Argument(metavar="LOG", help="Name of the log.", show_default=False)]
ByOption = Annotated[str, typer.Option("--by", help="Who acts.", show_default=False)]
RoleOption = Annotated[str, typer.Option(help="As what, in the words of the workflow.", show_default=False)]
PostOption = Annotated[str | None, typer.Option(help="Post of who acts.", show_default=False)]
DepartmentOption = Annotated[str | None, typer.Option(help="Department of who acts.", show_default=False)]
HappenedOption = Annotated[
    str | None, typer.Option(help="When it happened, on the city's clock; default: now.", show_default=False)
]
IdOption = Annotated[
    str | None,
    typer.Option("--id", help="Identity of the action: sent again, it is no second one.", show_default=False),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="What the action states.", show_default=False),
]
PrivateOption = Annotated[
    list[str] | None,
    typer.Option(
        "--private",
        metavar="NAME=TEXT",
        help="A person or a free text, kept apart from the log.",
        show_default=False,
    ),
]
PersonOption = Annotated[
    str | None,
    typer.Option(help="Whom private texts are about, by which they can be erased.", show_default=False),
]
PhotoOption = Annotated[
    list[str] | None,
    typer.Option(
        "--photo",
        metavar="USE=FILE",
        help="A photo or a recording: near=a.jpg, before=b.jpg.",
        show_default=False,
    ),
]
_COLUMNS = ("case", "action", "seq", "state", "department", "recorded")


def open_case(
    city: CityFolder,
    log: LogName,
    by: ByOption,
    role: RoleOption,
    number: Annotated[
        str | None,
        typer.Option(help="Number of the case; default: the next one of the day.", show_default=False),
    ] = None,
    action: Annotated[str, typer.Option(help="The action that opens it.")] = "report",
    at: Annotated[
        str | None, typer.Option(metavar="LON,LAT", help="Where it is.", show_default=False)
    ] = None,
    kind: Annotated[str | None, typer.Option(help="component or matter.", show_default=False)] = None,
    class_: Annotated[
        str | None, typer.Option("--class", help="Code of its class.", show_default=False)
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Channel of the report: hotline, collector …", show_default=False)
    ] = None,
    post: PostOption = None,
    department: DepartmentOption = None,
    happened: HappenedOption = None,
    identity: IdOption = None,
    stated: SetOption = None,
    private: PrivateOption = None,
    person: PersonOption = None,
    photo: PhotoOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Open a case."""
    target = target_of(form, output, offered=RECORDS)
    given = {"kind": kind, "class": class_, "source": source}
    fields = {name: value for name, value in given.items() if value is not None} | read_pairs(stated, "--set")
    with open_city(city).cases(log) as cases:
        accepted = cases.open(
            number=number, action=action, at=_place(at), happened=happened, actor=by, role=role, id=identity,
            fields=fields, private=read_pairs(private, "--private"), person=person, post=post, department=department,
            media=read_pairs(photo, "--photo"),
        )  # fmt: skip
        print_records(_records(accepted, cases), target, _COLUMNS)
        _note_repeated(accepted)


def act(
    city: CityFolder,
    log: LogName,
    action: Annotated[
        str | None, typer.Argument(help="The action, as the workflow names it.", show_default=False)
    ] = None,
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="NUMBER...", help="The cases.", show_default=False)
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who acts.", show_default=False)] = None,
    role: Annotated[str | None, typer.Option(help="As what.", show_default=False)] = None,
    post: PostOption = None,
    department: DepartmentOption = None,
    happened: HappenedOption = None,
    expected: Annotated[
        int | None, typer.Option(help="Number of the last action that is known.", show_default=False)
    ] = None,
    identity: IdOption = None,
    at: Annotated[
        str | None, typer.Option(metavar="LON,LAT", help="Where who acts is.", show_default=False)
    ] = None,
    stated: SetOption = None,
    private: PrivateOption = None,
    person: PersonOption = None,
    photo: PhotoOption = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Actions of many cases: NDJSON of their options; - is stdin.", show_default=False
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Act on cases. Each of several is accepted or refused by itself; a refusal lists what is legal."""
    target = target_of(form, output, offered=RECORDS)
    options = {
        "actor": by, "role": role, "post": post, "department": department, "happened": happened,
        "expected": expected, "id": identity, "at": _place(at), "fields": read_pairs(stated, "--set"),
        "private": read_pairs(private, "--private"), "person": person, "media": read_pairs(photo, "--photo"),
    }  # fmt: skip
    wanted = _from_file(source) if source else _from_options(action, numbers or [], options)
    records, refusals = [], []
    with open_city(city).cases(log) as cases:
        for each in wanted:
            try:
                accepted = cases.act(each.pop("case"), each.pop("action"), **each)
            except StcloudError as error:
                refusals.append(error)
                if len(numbers or []) > 1 or source:
                    note(error.in_shell)
                continue
            records += _records(accepted, cases)
            _note_repeated(accepted)
    if len(refusals) == 1 and not records:
        raise refusals[0]
    print_records(records, target, _COLUMNS)
    if refusals:
        raise _summed(refusals, len(records))


def _from_options(
    action: str | None, numbers: list[str], options: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    if action is None or not numbers or options["actor"] is None or options["role"] is None:
        raise InvalidInput(
            "incomplete-action", "an action needs its name, at least one case, --by and --role",
            hint="stcloud case act CITY LOG ACTION NUMBER --by WHO --role ROLE",
        )  # fmt: skip
    if len(numbers) > 1 and options["id"] is not None:
        raise InvalidInput("one-id", "an id is that of one action", hint="act on one case, or use --from")
    for number in numbers:
        yield {"case": number, "action": action, **options}


_ALLOWED = {
    "case", "action", "actor", "role", "post", "department", "happened", "expected", "id", "at", "fields", "private",
    "person", "media",
}  # fmt: skip


def _from_file(source: Path) -> Iterator[dict[str, Any]]:
    """Give the actions of a file of JSON lines; `InvalidInput` ``unreadable-actions``, with the line."""
    lines = sys.stdin if str(source) == "-" else _lines(source)
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", "a number is too long, or it is nested too deep")
            raise _unreadable(source, place, f"it is no JSON: {reason}") from None
        if not isinstance(document, dict) or not {"case", "action", "actor", "role"} <= document.keys():
            raise _unreadable(source, place, "it needs case, action, actor and role")
        at, shapes = document.get("at"), [document.get(name) for name in ("fields", "private", "media")]
        if not (at is None or (isinstance(at, list) and len(at) == 2)):
            raise _unreadable(source, place, "at is a list of longitude and latitude")
        if not all(shape is None or isinstance(shape, dict) for shape in shapes):
            raise _unreadable(source, place, "fields, private and media are names with values")
        if strange := document.keys() - _ALLOWED:
            raise _unreadable(source, place, f"there is no '{min(strange)}' of an action")
        yield document


def _lines(source: Path) -> list[str]:
    from stcloud.iaas.store.folder import read_text  # noqa: PLC0415  (keeps --help light)

    return read_text(source).splitlines()


def _unreadable(source: Path, place: int, reason: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-actions", f"{source}, line {place}: {reason}", hint="write one JSON object a line"
    )


def _records(accepted: Accepted, cases: Cases) -> list[dict[str, Any]]:
    states = {accepted.state.case: accepted.state}
    return [
        {
            "case": action.case, "action": action.name, "seq": action.seq,
            "state": (states.get(action.case) or cases.state(action.case)).state,
            "department": (states.get(action.case) or cases.state(action.case)).department,
            "recorded": cases.zone.iso(action.recorded_us),
        }
        for action in accepted.actions
    ]  # fmt: skip


def _note_repeated(accepted: Accepted) -> None:
    if accepted.repeated:
        note(f"case '{accepted.state.case}': this action was recorded before, nothing was added")


def _summed(refusals: list[StcloudError], accepted: int) -> InvalidInput:
    return InvalidInput(
        "actions-refused", f"{len(refusals)} actions were refused, {accepted} were accepted", hint="see above"
    )


def _place(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidInput(
            "unreadable-place", f"'{text}' is no place", hint="write LON,LAT in degrees: 117.05,31.90"
        ) from None
    return lon, lat
