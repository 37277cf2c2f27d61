"""Failures of requests to a bucket: what kind each is, and the one line that is shown of it.

The client's own texts hold addresses, headers and answers of servers, and so may hold credentials: none is passed on.
Of an answer only its status and its code, a plain word, are shown.

Tested by `tests/iaas/store/test_bucketerror.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from stcloud.errors import StorageError

__all__ = ["MISSING", "NO_BUCKET", "TRUNCATED", "Failure", "failure_of", "storage_failure"]

_STATUS = re.compile(r"non-2xx status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z]{3,60})</Code>|\"code\": *\"([A-Za-z]{3,60})\"")
_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted", "ResourceNotFound"})
_NO_UPLOAD = frozenset({"NoSuchUpload", "InvalidPart", "InvalidBlockList"})
_WRONG_REGION = frozenset({
    "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "TemporaryRedirect",
})  # fmt: skip
_CREDENTIALS = re.compile(
    r"performing [A-Z]+ https?://(169\.254\.\d+\.\d+|metadata\.google\.internal|oauth2\.googleapis\.com"
    r"|login\.microsoftonline\.com|sts\.[a-z0-9.-]*amazonaws\.com)\b"
)
_EXHAUSTED = re.compile(r"after (\d+) retries, max_retries: \1\b")
_BUSY = 429
_TOO_LATE = 408
_GIVE = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AZURE_STORAGE_…, GOOGLE_…), or skip_signature to read"
_ENDPOINT = "check the network and the endpoint"
_NO_ENDPOINT = (
    "check the network; set the endpoint (AWS_ENDPOINT_URL, AZURE_STORAGE_ENDPOINT) of a bucket elsewhere"
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What kind of failure one request ended in.

    Parameters
    ----------
    kind
        ``missing`` (no such key), ``exists`` (a condition did not hold), ``beyond`` (a range that the bytes do not
        have), or a kind of `StorageError`.
    fact
        What happened, in words of ours.
    hint
        What to do about it.
    passing
        Whether the same request may succeed when it is made again.
    sent
        Whether the server may have done what it was asked for.
    exhausted
        Whether the client has tried as often as it may.
    """

    kind: str
    fact: str = ""
    hint: str = ""
    passing: bool = False
    sent: bool = True
    exhausted: bool = False


MISSING = Failure("missing")
"""There is no such key."""
NO_BUCKET = Failure(
    "no-bucket", "there is no such bucket", "make the bucket first, or correct its name", sent=False
)
"""What holds the keys is not there."""
TRUNCATED = Failure(
    "truncated", "the answer ended before all of its bytes were there", "try again later", passing=True
)
"""An answer that looks whole and is shorter than what was asked for."""
_UNCLEAR = Failure("storage", "the client failed")
_TEXTS = tuple(
    (re.compile(pattern), failure)
    for pattern, failure in (
        (
            r"\b(InvalidListResponse|InvalidDeleteObjectsResponse|UnexpectedRange|InvalidPutResponse)\b",
            TRUNCATED,
        ),
        (r"\b(StartTooLarge|NotPartial|ParseContentRange|NoContentRange)\b", Failure("beyond")),
        (
            r"\bBadScheme\b",
            Failure(
                "insecure-endpoint", "the endpoint does not encrypt what is sent", "use https://", sent=False
            ),
        ),
        (
            r"(?s)kind: Connect\b.*dns error",
            Failure("unreachable", "the endpoint's name is not known", _ENDPOINT, passing=True, sent=False),
        ),
        (
            r"(?s)kind: Connect\b.*([Cc]ertificate|InvalidContentType|corrupt message|TLS|tls)",
            Failure("unreachable", "no encrypted connection can be made", _ENDPOINT, sent=False),
        ),
        (
            r"kind: Connect\b",
            Failure("unreachable", "the endpoint does not answer", _ENDPOINT, passing=True, sent=False),
        ),
        (
            r"HTTP error|HttpError|kind: (Timeout|Interrupted|Request|Decode|Body)\b",
            Failure(
                "unreachable", "the connection was lost, or the answer took too long", _ENDPOINT, passing=True
            ),
        ),
    )
)
"""What the client's texts mean, in the order in which they are looked for."""


def failure_of(error: BaseException) -> Failure:
    """Return what kind of failure an error of the client is."""
    if isinstance(error, EOFError):
        return TRUNCATED
    text = str(error)
    return replace(_failure(error, text), exhausted=bool(_EXHAUSTED.search(text)))


def _failure(error: BaseException, text: str) -> Failure:
    status = int(answer[1]) if (answer := _STATUS.search(text)) else 0
    match = _CODE.search(text)
    code = (match[1] or match[2]) if match else ""
    if _CREDENTIALS.search(text):
        return Failure(
            "no-credentials", "no credentials were given and none can be had here", _GIVE, sent=False
        )
    if code in _NO_BUCKET or "specified bucket does not exist" in text:
        return NO_BUCKET
    if code in _NO_UPLOAD:
        return Failure("unavailable", "the server ended an upload in parts", "try again later", passing=True)
    return _of_class(type(error).__name__, status, code) or (
        _of_status(status, code) if status else _without_answer(text)
    )


def _of_class(name: str, status: int, code: str) -> Failure | None:
    """Return what the class of the client's error says; None when it says nothing."""
    if name in ("FileNotFoundError", "NotFoundError"):
        return MISSING
    if name in ("AlreadyExistsError", "PreconditionError"):
        return Failure("exists")
    if name in ("PermissionDeniedError", "UnauthenticatedError") and code not in _WRONG_REGION:
        return _not_permitted(status, code)
    return None


def _not_permitted(status: int, code: str) -> Failure:
    fact = f"the bucket refuses ({' '.join(part for part in (str(status or ''), code) if part) or 'no permission'})"
    if code == "RequestTimeTooSkewed":
        return Failure("no-permission", fact, "set this machine's clock", sent=False)
    return Failure("no-permission", fact, "check the credentials and what they are allowed to do", sent=False)


def _of_status(status: int, code: str) -> Failure:
    if code in _WRONG_REGION or status in (301, 307):
        return Failure("wrong-region", "the bucket is in another region", "set the region (AWS_REGION)")
    if status in (401, 403):
        return _not_permitted(status, code)
    if status == 416:
        return Failure("beyond")
    shown = f"{status} {code}".strip()
    if status >= 500 or status in (_BUSY, _TOO_LATE):
        return Failure("unavailable", f"the server answers {shown}", "try again later", passing=True)
    return Failure("storage", f"the server answers {shown}", sent=False)


def _without_answer(text: str) -> Failure:
    """Return what a failure is for which no server answered, or none that the client understood."""
    return next((failure for pattern, failure in _TEXTS if pattern.search(text)), _UNCLEAR)


def storage_failure(failure: Failure, doing: str, url: str, *, endpoint: str = "") -> StorageError:
    """Return the one error that is raised for a failure: what was being done, where, and what happened."""
    shown = NO_BUCKET if failure.kind == "missing" else failure
    if shown.kind in ("missing", "exists", "beyond"):
        shown = _UNCLEAR
    if shown.kind != "unreachable":
        return StorageError(shown.kind, f"could not {doing} in {url}: {shown.fact}", hint=shown.hint)
    place, hint = (f"{url} at {endpoint}", shown.hint) if endpoint else (url, _NO_ENDPOINT)
    return StorageError(shown.kind, f"could not {doing} in {place}: {shown.fact}", hint=hint)
