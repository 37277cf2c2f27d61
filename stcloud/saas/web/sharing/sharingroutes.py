"""Routes of Delta Sharing: lists of what is shared, a table's version and metadata, and the files of its rows.

A principal has the tables of layers that it may read with all of their rows; others are not there.

Tested by `tests/saas/web/sharing/test_sharingroutes.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import FileResponse, Response

from stcloud.daas.definition.document import writable
from stcloud.errors import InvalidInput, NotFound, Unsupported
from stcloud.paas.query.plan.row_kind import row_kind
from stcloud.saas.rights.permittedcity import PermittedCity
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.media import JSON, PARQUET
from stcloud.saas.web.parameter import read_datetime
from stcloud.saas.web.personal import personal_of
from stcloud.saas.web.questions import checked_document
from stcloud.saas.web.sharing.fileaddress import FileGrant
from stcloud.saas.web.sharing.sharedtable import SharedTable
from stcloud.saas.web.sharing.sharingdocument import LINES, ListedFile, lines_of, page_of, response_format

if TYPE_CHECKING:
    from stcloud.daas.entry import Layer
    from stcloud.saas.web.sharing.tablefiles import TableFile

__all__ = [
    "SCHEMA_NAME", "TableQuery", "share", "share_name", "shared_layers", "shares", "sharing_file", "sharing_schemas",
    "sharing_tables", "table_changes", "table_metadata", "table_query", "table_version",
]  # fmt: skip

SCHEMA_NAME = "layers"
_CAPABILITIES = "delta-sharing-capabilities"
_VERSION = "Delta-Table-Version"
_UNNAMEABLE = re.compile(r"[\s/.\x00-\x1f\x7f]")
_LONGEST_NAME = 255
_FILE_HASHES = ("parquet", "delta")

_Whole = Annotated[int | None, Field(strict=True, ge=0, le=2**63 - 1)]


class TableQuery(BaseModel):
    """What of a table is wanted; what is not named here is not heeded.

    Parameters
    ----------
    predicateHints, jsonPredicateHints
        Filters: hints, which are not used.
    limitHint
        Rows that are wanted: so many files come as hold them.
    version, timestamp
        The version, or an instant: the newest version that is not later.
    startingVersion
        Changes since a version, which are not shared.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _writable(cls, given: Any) -> Any:
        return writable(given)

    predicateHints: tuple[Annotated[str, Field(strict=True)], ...] | None = None  # noqa: N815  (the protocol's own names)
    jsonPredicateHints: Annotated[str | None, Field(strict=True)] = None  # noqa: N815
    limitHint: Annotated[int | None, Field(strict=True, ge=0, le=2**31 - 1)] = None  # noqa: N815
    version: _Whole = None
    timestamp: Annotated[str | None, Field(strict=True)] = None
    startingVersion: _Whole = None  # noqa: N815


def share_name(call: CityRequest) -> str:
    """Return what the city is called as a share: what names may not hold is an underscore.

    >>> _UNNAMEABLE.sub("_", "St. Gallen")
    'St__Gallen'
    """
    return _UNNAMEABLE.sub("_", call.name)[:_LONGEST_NAME]


def shared_layers(call: CityRequest) -> Sequence[Layer]:
    """Return the layers that are tables to the principal, sorted by name."""
    return [layer for layer in call.city.layers() if _is_shared(call, layer)]


def shares(call: CityRequest) -> Response:
    """Return the shares: the city."""
    return _listed(call, [{"name": share_name(call)}])


def share(call: CityRequest) -> Response:
    """Return the share."""
    _check_share(call)
    return call.reply(
        encoded({"share": {"name": share_name(call), "displayName": call.city.name[:_LONGEST_NAME]}}), JSON
    )


def sharing_schemas(call: CityRequest) -> Response:
    """Return the schemas of the share: one, for layers."""
    _check_share(call)
    return _listed(call, [{"name": SCHEMA_NAME, "share": share_name(call)}])


def sharing_tables(call: CityRequest) -> Response:
    """Return the tables of the schema, which are all tables of the share."""
    _check_share(call)
    name = share_name(call)
    return _listed(
        call, [{"name": layer.name, "schema": SCHEMA_NAME, "share": name} for layer in shared_layers(call)]
    )


def table_version(call: CityRequest) -> Response:
    """Return the newest version of a table, or the earliest one at or after ``startingTimestamp``, in a header."""
    layer, at = _layer(call), call.parameters.get("startingTimestamp")
    table = (
        SharedTable.of(call.city, layer)
        if at is None
        else SharedTable.since(call.city, layer, _instant(call, at))
    )
    call.extra[_VERSION] = str(table.version.number)
    return call.reply(b"", JSON)


def table_metadata(call: CityRequest) -> Response:
    """Return the protocol and the columns of a table."""
    number = call.parameters.get("version")
    if number is not None and not re.fullmatch("[0-9]{1,18}", number):
        raise InvalidInput("bad-limit", f"version={number[:40]} is no version of a table: it is 0 or more")
    table = _table(call, None if number is None else int(number), call.parameters.get("timestamp"))
    return _lines(call, table)


def table_query(call: CityRequest) -> Response:
    """Return the protocol and the columns of a table, and the files of its rows.

    Raises
    ------
    NotFound
        ``not-shared``, ``unknown-version``; ``no-change-feed``: changes are wanted.
    InvalidInput
        ``asked-twice``: a version and a timestamp; ``unreadable-datetime``; ``purged``
    """
    wanted: TableQuery = checked_document(call, call.body or b"{}", TableQuery, "the body")
    if wanted.startingVersion is not None:
        raise _no_changes()
    table = _table(call, wanted.version, wanted.timestamp)
    files = _files(call, table)
    given = _enough(files, wanted.limitHint)
    _note(call, table, given)
    return _lines(call, table, given, files)


def table_changes(call: CityRequest) -> Response:
    """Refuse: changes between versions are not shared; `NotFound` ``no-change-feed``."""
    _layer(call)
    raise _no_changes()


def sharing_file(call: CityRequest) -> Response:
    """Return a file by its signed address; ranges of it may be asked for.

    Raises
    ------
    InvalidInput
        ``not-signed-in``: the address is not valid, or has expired; ``purged``
    NotFound
        ``not-shared``: the file is no more.
    """
    grant = call.service.file_addresses.read(call.parameters.get("token", ""), call.now_us)
    if (grant.city, grant.file) != (call.name, call.segments["file"]):
        raise InvalidInput("not-signed-in", "the address names another file", hint="ask for the table again")
    table = SharedTable.of(call.city, _named(call, grant.table), at_us=grant.at_us)
    file = next((file for file in _files(call, table) if file.id == grant.file), None)
    if file is None:
        raise _not_shared("file", grant.file)
    _note(call, table, [file])
    headers = {"Cache-Control": "private, no-store", "ETag": f'"{file.id}"'}
    return FileResponse(file.path, headers=headers, media_type=PARQUET.type)


def _listed(call: CityRequest, items: Sequence[Mapping[str, Any]]) -> Response:
    return call.reply(encoded(page_of(items, call.parameters)), JSON)


def _check_share(call: CityRequest) -> None:
    """Refuse another share or schema than there is, whatever the case of its letters; `NotFound` ``not-shared``."""
    for segment, name in (("share", share_name(call)), ("schema", SCHEMA_NAME)):
        given = call.segments.get(segment, name)
        if given.casefold() != name.casefold():
            raise _not_shared(segment, given)


def _layer(call: CityRequest) -> Layer:
    """Return the layer of the address."""
    _check_share(call)
    return _named(call, call.segments["table"].lower())


def _named(call: CityRequest, name: str) -> Layer:
    """Return a layer that is a table to the principal; `NotFound` ``not-shared``: it is not there, or not to it."""
    if name in call.city.parts.catalogue.names() and _reads_all_rows(call, name):
        layer = call.city.layer(name)
        if _is_shared(call, layer):
            return layer
    raise _not_shared("table", name)


def _reads_all_rows(call: CityRequest, name: str) -> bool:
    return not isinstance(call.city, PermittedCity) or call.city.reads_all_rows(name)


def _is_shared(call: CityRequest, layer: Layer) -> bool:
    if not _reads_all_rows(call, layer.name):
        return False
    try:
        row_kind(layer)
    except Unsupported:  # a kind that has no rows to be asked for
        return False
    return True


def _table(call: CityRequest, number: int | None, timestamp: str | None) -> SharedTable:
    if number is not None and timestamp is not None:
        raise InvalidInput("asked-twice", "a version and a timestamp are stated", hint="state one of them")
    layer = _layer(call)
    at_us = None if timestamp is None else _instant(call, timestamp)
    return SharedTable.of(call.city, layer, number=number, at_us=at_us)


def _instant(call: CityRequest, text: str) -> int:
    """Return an instant, UTC microseconds; `InvalidInput` ``unreadable-datetime``."""
    interval = read_datetime(text, call.city.configuration.zone)
    if not interval.is_instant or interval.first_us is None:
        raise InvalidInput(
            "unreadable-datetime", f"'{text[:80]}' is no instant", hint="write 2024-03-01T00:00:00Z"
        )
    return interval.first_us


def _files(call: CityRequest, table: SharedTable) -> Sequence[TableFile]:
    """Return all files of a table, which are made if they are not there."""
    state = table.state(call.name, call.rights)
    return call.service.table_files.of(state, table.pieces, partial(_is_current, call, table, state))


def _is_current(call: CityRequest, table: SharedTable, state: str) -> bool:
    """Tell whether a layer is as it was when files were derived: what was purged since is to lie in none."""
    layer = call.city.layer(table.layer.name)
    return SharedTable(table.city, layer, table.version).state(call.name, call.rights) == state


def _enough(files: Sequence[TableFile], rows: int | None) -> Sequence[TableFile]:
    """Return the first files that hold so many rows."""
    given: list[TableFile] = []
    for file in files:
        if rows is not None and sum(each.rows for each in given) >= rows:
            break
        given.append(file)
    return given


def _note(call: CityRequest, table: SharedTable, files: Sequence[TableFile]) -> None:
    rows = sum(file.rows for file in files)
    personal = personal_of(table.layer, table.columns) if rows else frozenset()
    call.given.update(rows=rows, personal=personal, pin=table.pin)


def _lines(
    call: CityRequest, table: SharedTable, given: Sequence[TableFile] = (), files: Sequence[TableFile] | None = None
) -> Response:  # fmt: skip
    form = response_format(call.headers.get(_CAPABILITIES))
    expires_s = call.service.file_addresses.expires_s(call.now_us)
    listed = [ListedFile(file, _address(call, table, file), expires_s) for file in given]
    call.extra[_VERSION] = str(table.version.number)
    if _CAPABILITIES in call.headers:
        call.extra[_CAPABILITIES] = f"responseformat={form}"
    _echo_hash(call)
    return call.reply(lines_of(table, form, listed, files), LINES)


def _echo_hash(call: CityRequest) -> None:
    """Say that ids of files are those that were asked for: they are the same for each file always."""
    wanted = call.headers.get("fileidhash")
    if wanted is None:
        return
    if wanted.lower() not in _FILE_HASHES:
        raise InvalidInput("unknown-format", f"fileidhash is {wanted[:40]}; it is parquet or delta")
    call.extra["fileidhash"] = wanted.lower()


def _address(call: CityRequest, table: SharedTable, file: TableFile) -> str:
    grant = FileGrant(call.principal, call.name, table.layer.name, table.version.at_us, file.id)
    token = call.service.file_addresses.signed(grant, call.now_us)
    # readers that are made of Delta's kernel know an address that is signed by `sp`, and take others for paths
    return call.url("delta-sharing", "files", file.id, sp="r", token=token)


def _not_shared(what: str, name: str) -> NotFound:
    return NotFound("not-shared", f"there is no {what} '{name[:80]}' here")


def _no_changes() -> NotFound:
    return NotFound(
        "no-change-feed", "changes between versions of a table are not shared",
        hint="read two versions, or ask the service for the differences of the collection",
    )  # fmt: skip
