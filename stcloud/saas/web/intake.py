"""Loads over HTTP: the body of a request is a file, and is loaded into a layer as the library loads files.

The law: the layer is afterwards what `City.load` of the same file makes of it, or it is as it was before. Only layers
that are there are loaded into, by the definition that they have; nothing that a request says names a file of the
machine.

Tested by `tests/saas/web/test_intake.py`.
"""

from __future__ import annotations

import re
from email.message import Message
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.errors import InvalidInput, StcloudError, Unsupported
from stcloud.iaas.engine.stop import interruptible
from stcloud.iaas.job import Job
from stcloud.saas.rights.grants import not_permitted
from stcloud.saas.rights.permittedcity import PermittedCity
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.loads import described_load
from stcloud.saas.web.media import JSON
from stcloud.saas.web.parameter import read_flag

if TYPE_CHECKING:
    from stcloud.daas.reckoning import Reckoning

__all__ = ["FILE_TYPES", "LOAD_FLAGS", "LOAD_OPTIONS", "admit", "load"]

FILE_TYPES = {
    "text/csv": ".csv", "text/tab-separated-values": ".tsv", "application/json": ".json",
    "application/x-ndjson": ".ndjson", "application/jsonl": ".ndjson", "application/geo+json": ".geojson",
    "application/geo+json-seq": ".geojsons", "application/vnd.apache.parquet": ".parquet",
    "application/geopackage+sqlite3": ".gpkg", "application/flatgeobuf": ".fgb", "application/zip": ".zip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}  # fmt: skip
"""Types of bodies that are loaded, and how their files end."""
LOAD_OPTIONS = {
    "mode": "changes, append, delete; of features also snapshot",
    "valid-from": "Of features: since when it is so",
    "valid-to": "Of features: until when it is so",
    "complete-to": "Until when the file has all that happened",
    "max-rejected": "Most rejected rows, a number or a share; 5% by default",
    "allow-missing": "Columns of the layer that the file may lack, with commas between them",
    "crs": "CRS of its coordinates, if the file does not state it",
    "datum": "Datum of its degrees, as the layer has it",
    "zone": "Time zone of its local times, as the layer has it",
    "encoding": "Encoding of its texts, as the layer has it",
    "source-layer": "Layer of the file, where it holds several",
    "name": "Name of the file, if a definition reads it",
}
"""Parameters of a load, and what they say: those of `City.load` that a layer which is there leaves open."""
LOAD_FLAGS = {
    "again": "Load it though it was loaded before",
    "empty": "Accept a snapshot without rows",
    "dry-run": "Read, check and reckon, and change nothing",
}
_NAME = re.compile(r"\w[\w .()+-]*")
_MOST_NAME_BYTES = 150
_GZIP = ".gz"


def admit(call: CityRequest) -> None:
    """Refuse what is not to be loaded, before a byte of its body is read.

    Raises
    ------
    NotFound
        ``unknown-layer``, also of one that may be neither seen nor loaded into.
    InvalidInput
        ``not-permitted``; ``unknown-parameter``; ``bad-flag``; ``unusable-name``; ``one-table``.
    Unsupported
        ``wrong-media-type``.
    """
    layer = call.segments["collection"]
    if isinstance(call.city, PermittedCity):
        call.city.check_load(layer)
    else:
        call.city.layer(layer)
    if not call.service.settings.most_load_bytes:
        raise not_permitted("this service loads nothing")
    _keywords(call)
    _file_name(call)


def load(call: CityRequest) -> Response:
    """Load the body into a layer; return the load and its reckoning.

    The same body again is no second load: it is known, with status 200.

    Raises
    ------
    InvalidInput, NotFound, Conflict, Unsupported
        As `City.load` and `admit`.
    """
    layer, name = call.segments["collection"], _file_name(call)
    path = call.upload.rename(call.upload.with_name(name))
    call.given["document"] = {"name": name, "bytes": path.stat().st_size}
    job = Job()
    try:
        with interruptible(_Cancelling(job)):
            wait_s = call.service.settings.load_wait_s
            reckoning: Reckoning = call.city.load(layer, path, job=job, wait_s=wait_s, **_keywords(call))
    except StcloudError as error:
        error.rename(str(path), name)
        raise
    call.given["rows"] = 0  # none is given: what was taken in is in the document
    call.given["document"] |= {"load": reckoning.load, "read": reckoning.read}
    return _answered(call, layer, reckoning)


class _Cancelling:
    """A job, as what a request to stop interrupts."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def interrupt(self) -> None:
        """Let the job end at its next step."""
        self._job.cancel()


def _answered(call: CityRequest, layer: str, reckoning: Reckoning) -> Response:
    """Return the reckoning, with the address of the load if the principal may see it."""
    dry = call.parameters.get("dry-run") == "true"
    address = None if dry else _address(call, layer, reckoning)
    document = {"collection": layer, **described_load(call, layer, reckoning), **reckoning.details}
    document |= {"known": reckoning.known, "dry-run": dry}
    if address is None:
        del document["links"]
    else:
        call.extra["Content-Location" if reckoning.known else "Location"] = address
    return call.reply(encoded(document), JSON, 200 if dry or reckoning.known else 201)


def _address(call: CityRequest, layer: str, reckoning: Reckoning) -> str | None:
    """Return where the principal finds the load: of a layer whose rows it sees in part, loads have other names."""
    try:
        loads = call.city.layer(layer).loads
    except StcloudError:  # who may load need not be one who may see
        return None
    at_us = reckoning.recorded_at_us
    names = [entry.load for entry in loads if entry.recorded_at_us == at_us]
    return call.url("collections", layer, "loads", names[-1]) if names else None


def _keywords(call: CityRequest) -> dict[str, Any]:
    """Return the keywords of `City.load` that the address states."""
    given = call.known_parameters((*LOAD_OPTIONS, *LOAD_FLAGS))
    keywords: dict[str, Any] = {
        name.replace("-", "_"): value
        for name, value in given.items()
        if name in LOAD_OPTIONS and name != "name"
    }
    keywords |= {
        name.replace("-", "_"): read_flag(value, name) for name, value in given.items() if name in LOAD_FLAGS
    }
    if "allow_missing" in keywords:
        keywords["allow_missing"] = [part.strip() for part in keywords["allow_missing"].split(",")]
    if re.search(r"[*?\[]", keywords.get("source_layer", "")):
        raise InvalidInput(
            "one-table",
            "a request is one load, and a pattern may mean several",
            hint="name one layer of the file",
        )
    charset = _content_type(call).get_content_charset()
    if charset not in (None, "utf-8", "utf8"):
        keywords.setdefault("encoding", charset)
    return keywords


def _file_name(call: CityRequest) -> str:
    """Return the name of the body's file, whose end says what it is.

    Raises
    ------
    InvalidInput
        ``unusable-name``: it is no name, or ends otherwise than files of this type.
    Unsupported
        ``wrong-media-type``: none is stated, or nothing of it is loaded, or it is packed otherwise than by gzip.
    """
    kind = _content_type(call).get_content_type() if "content-type" in call.headers else ""
    if kind not in FILE_TYPES:
        raise Unsupported(
            "wrong-media-type", f"the body is {kind[:80] or 'of no stated type'}",
            hint=f"state its Content-Type; loaded are {', '.join(FILE_TYPES)}",
        )  # fmt: skip
    coding = call.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise Unsupported("wrong-media-type", f"the body is packed by {coding[:40]}; unpacked is gzip alone")
    end = FILE_TYPES[kind] + (_GZIP if coding == "gzip" else "")
    name = call.parameters.get("name")
    if name is None:
        return call.segments["collection"] + end
    if not _NAME.fullmatch(name) or len(name.encode()) > _MOST_NAME_BYTES:
        raise InvalidInput(
            "unusable-name", f"'{name[:80]}' cannot be the name of a file", hint="without folders"
        )
    if not name.lower().endswith((end, end.removesuffix(_GZIP))):
        raise InvalidInput("unusable-name", f"'{name}' is no name of {kind}: it ends in {end}")
    return name


def _content_type(call: CityRequest) -> Message:
    message = Message()
    message["Content-Type"] = call.headers.get("content-type", "")
    return message
