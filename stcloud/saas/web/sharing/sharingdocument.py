"""Documents of Delta Sharing: pages of lists, lines about a table and its files, and errors.

Lines come as the protocol's own format has them, or as those of Delta's log for who takes no other.

Tested by `tests/saas/web/sharing/test_sharingdocument.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from stcloud.errors import InvalidInput
from stcloud.saas.web.call import encoded
from stcloud.saas.web.media import JSON, Media
from stcloud.saas.web.problem import problem_of

if TYPE_CHECKING:
    from stcloud.saas.web.sharing.sharedtable import SharedTable
    from stcloud.saas.web.sharing.tablefiles import TableFile

__all__ = [
    "LINES",
    "ListedFile",
    "ResponseFormat",
    "error_document",
    "lines_of",
    "page_of",
    "response_format",
]

LINES = Media("ndjson", "application/x-ndjson; charset=utf-8", "Lines of Delta Sharing")
ResponseFormat = Literal["parquet", "delta"]
_CAPABILITY = "responseformat"
_MILLISECOND_US = 1_000
_LARGEST = 2**31 - 1


def error_document(error: BaseException) -> tuple[dict[str, Any], Media]:
    """Return an error as the protocol has it, and its format."""
    problem = problem_of(error)
    message = "; ".join(str(problem[name]) for name in ("detail", "hint") if name in problem)
    return {"errorCode": problem["title"], "message": message}, JSON


def page_of(items: Sequence[Mapping[str, Any]], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of a list that is sorted by ``name``; the token of the next page is the last name of this one.

    Raises
    ------
    InvalidInput
        ``bad-limit``: ``maxResults`` is no number from 0 to 2,147,483,647.
    """
    text, after = parameters.get("maxResults"), parameters.get("pageToken", "")
    if text is not None and not (text.isascii() and text.isdigit() and int(text[:11]) <= _LARGEST):
        raise InvalidInput("bad-limit", f"maxResults={text[:40]} is no number of results: it is 0 or more")
    left = [item for item in items if item["name"] > after]
    page = left if text is None else left[: int(text)]
    following = page[-1]["name"] if page else after
    more = len(page) < len(left) and following
    return {"items": page, **({"nextPageToken": following} if more else {})}


def response_format(capabilities: str | None) -> ResponseFormat:
    """Return the format of lines, by the header ``delta-sharing-capabilities``: Delta's own if no other is taken.

    >>> response_format("responseformat=delta,parquet;readerfeatures=x"), response_format("responseFormat=delta")
    ('parquet', 'delta')
    """
    for part in (capabilities or "").lower().split(";"):
        name, _, values = part.partition("=")
        if name.strip() == _CAPABILITY and [value.strip() for value in values.split(",")] == ["delta"]:
            return "delta"
    return "parquet"


class ListedFile:
    """A file of a table as a list has it: with the address that it is read at.

    Parameters
    ----------
    file, url, expires_s
        The file, its address, and when that expires, seconds since 1970.
    """

    def __init__(self, file: TableFile, url: str, expires_s: int) -> None:
        self.file, self._url, self._expires_ms = file, url, expires_s * 1_000

    def line(self, form: ResponseFormat, dated: Mapping[str, int]) -> dict[str, Any]:
        """Return its line; ``dated`` has the version and its time, where one was stated."""
        stats = json.dumps({"numRecords": self.file.rows})
        common = {"partitionValues": {}, "size": self.file.bytes, "stats": stats}
        about = {"id": self.file.id, "expirationTimestamp": self._expires_ms, **dated}
        if form == "parquet":
            return {"file": {"url": self._url, **common, **about}}
        add = {"path": self._url, **common, "modificationTime": 0, "dataChange": True}
        return {"file": {**about, "size": self.file.bytes, "deltaSingleAction": {"add": add}}}


def lines_of(
    table: SharedTable,
    form: ResponseFormat,
    files: Iterable[ListedFile] = (),
    whole: Sequence[TableFile] | None = None,
) -> bytes:
    """Return the lines about a table and these files of it; ``whole``: all of its files, where they are known."""
    version = table.version
    dated = {"version": version.number} if table.stated else {}
    held = {} if whole is None else {"size": sum(file.bytes for file in whole), "numFiles": len(whole)}
    description = table.layer.description.description or table.layer.title
    about = {
        "id": table.id, "name": table.layer.name, **({"description": description} if description else {}),
        "schemaString": table.schema_string, "partitionColumns": [], "configuration": {},
    }  # fmt: skip
    if form == "parquet":
        protocol: dict[str, Any] = {"minReaderVersion": 1}
        metadata: dict[str, Any] = {**about, "format": {"provider": "parquet"}, **dated, **held}
    else:
        protocol = {"deltaProtocol": {"minReaderVersion": 1, "minWriterVersion": 2}}
        metadata = {
            "deltaMetadata": {**about, "format": {"provider": "parquet", "options": {}}},
            **dated,
            **held,
        }
    at_ms = {"timestamp": version.at_us // _MILLISECOND_US} if table.stated else {}
    lines = [
        {"protocol": protocol},
        {"metaData": metadata},
        *(file.line(form, dated | at_ms) for file in files),
    ]
    return b"".join(encoded(line) + b"\n" for line in lines)
