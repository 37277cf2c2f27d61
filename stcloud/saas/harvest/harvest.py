"""A harvest: the requests of a span of time, read from an Open311 service window by window into a file.

The standard gives no pages: at most so many requests come for a window, and one that may have had more is halved.
What has been read is on the disk after each window, so that a run that is killed goes on.

Tested by `tests/saas/harvest/test_harvest.py`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from stcloud.errors import Conflict, InvalidInput, StcloudError
from stcloud.iaas.store.oserror import storage_errors
from stcloud.saas.harvest.politereader import PoliteReader, checked_address
from stcloud.saas.plaintext import visible
from stcloud.time import Zone, instant_us

__all__ = ["Harvest", "harvest"]

_SECOND_US = 1_000_000
_WIDEST_US = 30 * 86_400 * _SECOND_US
_FULL = 1_000
"""So many requests, and any multiple of `_ROUND`, may be all that a server gives at once."""
_ROUND = 50
_MOST_PAGES = 10_000
_NOTHING: dict[str, Any] = dict.fromkeys((
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address",
    "address_id", "zipcode", "lat", "long", "media_url",
))  # fmt: skip
_FORMAT = 1

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Harvest:
    """What was read: a file of JSON, its requests, and their span; ``resumed``: an earlier run began it."""

    path: Path
    requests: int
    first_us: int
    until_us: int
    resumed: bool
    outside: int = 0
    """Requests that the server gave although their dates are outside of what was asked for."""


@dataclass(slots=True)
class _Progress:
    """How far a harvest is: kept in a file beside its rows."""

    source: str
    since: str
    first_us: int
    until_us: int
    read_us: int
    size: int = 0
    requests: int = 0
    outside: int = 0
    format: int = _FORMAT


def harvest(
    address: str, folder: Path, *, first_us: int, until_us: int, since: str = "", zone: Zone | None = None,
    reader: PoliteReader | None = None, progress: OnProgress | None = None,
) -> Harvest:  # fmt: skip
    """Read the requests of an Open311 endpoint that were made in a span of time.

    Law: **a harvest that is killed at any moment and run again reads what one run reads**, where the server has the
    same.

    Parameters
    ----------
    address
        The endpoint, or its ``requests.json``; parameters such as ``jurisdiction_id`` and ``api_key`` go along.
    folder
        Where rows and progress are kept until `Harvest.path` has been loaded; one harvest at a time.
    first_us, until_us
        The span, half-open, UTC microseconds. A harvest that goes on has that of the run that began it.
    since
        How the caller states the span: with the same text, a harvest that was begun goes on.
    zone
        Zone of instants that have none; None: such a request is refused.
    reader, progress
        Reads pages; is called with how many windows' seconds were read, and of how many.

    Raises
    ------
    InvalidInput
        ``unreadable-address``; ``zone-needed``; ``source-unreadable``: no list of requests; ``source-ignores-dates``;
        ``source-crowded``: more requests in one second than the server gives; what `PoliteReader.page` raises.
    StorageError, Conflict
        ``source-unreachable``; the disk; ``harvest-running``: another run reads into the folder.
    """
    endpoint = _RequestService.of(address, zone, reader or PoliteReader())
    with ExitStack() as stack, storage_errors("keep what was read"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stack.enter_context(_alone(folder))
        state, resumed = _begun(folder, endpoint.digest, since, first_us, until_us)
        rows = folder / "rows.ndjson"
        with rows.open("r+b" if resumed else "w+b") as sink:
            sink.truncate(state.size)
            sink.seek(state.size)
            for window in _windows(state.read_us, state.until_us):
                for end_us, requests, outside in endpoint.read(*window):
                    sink.write(b"".join(_line(request) for request in requests))
                    sink.flush()
                    os.fsync(sink.fileno())
                    state.read_us, state.size = end_us, sink.tell()
                    state.requests += len(requests)
                    state.outside += outside
                    _keep(folder, state)
                    if progress is not None:
                        done_us, all_us = end_us - state.first_us, state.until_us - state.first_us
                        progress(done_us // _SECOND_US, all_us // _SECOND_US)
        path = _whole(folder, rows)
    return Harvest(path, state.requests, state.first_us, state.until_us, resumed, state.outside)


@dataclass(frozen=True, slots=True)
class _RequestService:
    """A service that requests are read from."""

    base: str
    parameters: tuple[tuple[str, str], ...]
    zone: Zone | None
    reader: PoliteReader

    @classmethod
    def of(cls, address: str, zone: Zone | None, reader: PoliteReader) -> _RequestService:
        parts = urlsplit(checked_address(address))
        path = parts.path.rstrip("/")
        base = parts._replace(
            path=path if path.endswith(".json") else f"{path}/requests.json", query=""
        ).geturl()
        ours = {"start_date", "end_date"}
        given = parse_qsl(parts.query, keep_blank_values=True)
        return cls(base, tuple(pair for pair in given if pair[0] not in ours), zone, reader)

    @property
    def digest(self) -> str:
        """What the progress knows it by: an address may hold a key."""
        return hashlib.sha256(repr((self.base, self.parameters)).encode()).hexdigest()

    def read(self, first_us: int, end_us: int) -> Iterator[tuple[int, list[dict[str, Any]], int]]:
        """Give the parts of a window in order: the end of each, its requests, and how many were outside."""
        requests, outside, full = self._window(first_us, end_us)
        if full and end_us - first_us > _SECOND_US:
            middle_us = first_us + max(_SECOND_US, (end_us - first_us) // 2 // _SECOND_US * _SECOND_US)
            yield from self.read(first_us, middle_us)
            yield from self.read(middle_us, end_us)
            return
        if full and len(requests) >= _FULL:
            raise InvalidInput(
                "source-crowded", f"the server gives {_FULL:,} requests of {_text_of(first_us)}, and may have more",
                hint="its owner has to give pages",
            )  # fmt: skip
        yield end_us, requests, outside

    def _window(self, first_us: int, end_us: int) -> tuple[list[dict[str, Any]], int, bool]:
        """Return the requests of a window, how many are of another, and whether there may be more.

        A second more on both sides is asked for, since servers differ in what belongs to a span and in its digits.
        """
        span = {"start_date": _text_of(first_us - _SECOND_US), "end_date": _text_of(end_us + _SECOND_US)}
        address: str | None = f"{self.base}?{urlencode([*self.parameters, *span.items()], quote_via=quote)}"
        kept: dict[str, dict[str, Any]] = {}
        outside = given = pages = last = 0
        while address is not None and pages < _MOST_PAGES:
            page = self.reader.page(address)
            rows = _requests_of(page.document)
            for row in rows:
                within = self._within(row, first_us - 2 * _SECOND_US, end_us + 2 * _SECOND_US)
                outside += not within
                if self._within(row, first_us, end_us):
                    _add(kept, row)
            given, last, pages, address = given + len(rows), len(rows), pages + 1, page.next
        if outside > given // 2 and outside > 1:
            raise InvalidInput(
                "source-ignores-dates", f"of {given:,} requests {outside:,} are not of the dates that were asked for",
                hint="this server cannot be read by dates: load a file of its requests instead",
            )  # fmt: skip
        full = address is not None or (pages == 1 and last > 0 and (last >= _FULL or last % _ROUND == 0))
        return list(kept.values()), outside, full

    def _within(self, row: Mapping[str, Any], first_us: int, end_us: int) -> bool:
        """Return whether a request is of a window; one without an instant is, and the load says what it lacks."""
        text = row.get("requested_datetime")
        if not isinstance(text, str) or not text.strip():
            return True
        try:
            return first_us <= self._instant(row, text) < end_us
        except InvalidInput as error:
            if error.kind == "zone-needed":
                raise
            return True
        except StcloudError:
            return True

    def _instant(self, row: Mapping[str, Any], text: str) -> int:
        if self.zone is None and _has_no_zone(text):
            number = visible(str(row.get("service_request_id")))[:80]
            raise InvalidInput(
                "zone-needed", f"request {number} was made at '{visible(text)[:40]}', in no zone",
                hint="state the zone of the server's clock: zone='America/New_York'",
                in_shell="state the zone of the server's clock: --zone America/New_York",
            )  # fmt: skip
        return instant_us(text, self.zone or Zone("UTC"))


def _has_no_zone(text: str) -> bool:
    try:
        return datetime.fromisoformat(text.strip()).tzinfo is None
    except ValueError:
        return False


def _add(kept: dict[str, dict[str, Any]], row: dict[str, Any]) -> None:
    """Keep a request; of two with one number the one that was updated last, of equals the later."""
    number = row.get("service_request_id")
    key = json.dumps(row, sort_keys=True) if number is None else f"#{number}"
    former = kept.get(key)
    if former is None or str(former.get("updated_datetime") or "") <= str(row.get("updated_datetime") or ""):
        kept[key] = row


def _requests_of(document: Any) -> list[dict[str, Any]]:
    """Return the requests of a document; `InvalidInput` ``source-unreadable``."""
    if isinstance(document, Mapping) and isinstance(document.get("service_requests"), list):
        document = document["service_requests"]
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise InvalidInput(
            "source-unreadable",
            f"the server gives no list of requests, but {visible(json.dumps(document))[:120]}",
        )
    return document


def _windows(first_us: int, until_us: int) -> Iterator[tuple[int, int]]:
    while first_us < until_us:
        end_us = min(first_us + _WIDEST_US, until_us)
        yield first_us, end_us
        first_us = end_us


def _text_of(at_us: int) -> str:
    """Return an instant as the standard has it, to the second."""
    return datetime.fromtimestamp(at_us // _SECOND_US, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _line(request: dict[str, Any]) -> bytes:
    """Return a request as a line; fields of the standard that a server leaves out are null."""
    return json.dumps(_NOTHING | request, ensure_ascii=True, sort_keys=True).encode() + b"\n"


def _begun(
    folder: Path, source: str, since: str, first_us: int, until_us: int
) -> tuple[_Progress, bool]:  # fmt: skip
    """Return the progress of a harvest that was begun, if it is the same; else that of a new one."""
    try:
        state = _Progress(**json.loads((folder / "progress.json").read_bytes()))
        same = (state.source, state.since, state.format) == (source, since, _FORMAT)
        whole = (folder / "rows.ndjson").stat().st_size >= state.size
    except (OSError, ValueError, TypeError):
        same = whole = False
    if same and whole:
        return state, True
    return _Progress(source, since, first_us, until_us, first_us), False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder; `Conflict` ``harvest-running``: another run reads the same."""
    with (folder / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "harvest-running", "another run reads the requests of this endpoint", hint="wait for its end"
            ) from None
        yield


def _keep(folder: Path, state: _Progress) -> None:
    document = {name: getattr(state, name) for name in _Progress.__slots__}
    draft = folder / "progress.json.new"
    draft.write_text(json.dumps(document))
    draft.replace(folder / "progress.json")


def _whole(folder: Path, rows: Path) -> Path:
    """Return a file with all rows as one array of JSON, as a server gives it."""
    path = folder / "requests.json"
    with rows.open("rb") as source, path.open("wb") as sink:
        sink.write(b"[")
        for place, line in enumerate(source):
            sink.write((b",\n" if place else b"\n") + line.rstrip(b"\n"))
        sink.write(b"\n]\n")
    return path
