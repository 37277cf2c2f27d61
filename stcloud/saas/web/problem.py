"""Errors as HTTP tells them: a status, and problem details of RFC 9457.

Tested by `tests/saas/web/test_problem.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from stcloud import errors
from stcloud.iaas.job import Cancelled
from stcloud.saas.web.media import PROBLEM, Media

FaultDocument: TypeAlias = Callable[[BaseException], tuple[dict[str, Any], Media]]
"""How an interface tells of an error: the document and its format."""

__all__ = [
    "STATUS_OF_CLASS",
    "STATUS_OF_KIND",
    "FaultDocument",
    "problem_document",
    "problem_of",
    "status_of",
]

STATUS_OF_KIND = {
    "purged": 410,
    "feature-gone": 410,
    "not-signed-in": 401,
    "not-permitted": 403,
    "masked-column": 403,
    "no-route": 404,
    "bad-name": 404,  # there is no layer of such a name, and never will be
    "wrong-method": 405,
    "not-acceptable": 406,
    "body-too-large": 413,
    "wrong-media-type": 415,
    "address-too-long": 414,
    "too-many-requests": 429,
    "foreign-host": 421,
    "took-too-long": 503,
    "too-busy": 503,
}
"""Kinds whose status is not that of their class."""

STATUS_OF_CLASS: tuple[tuple[type[Exception], int], ...] = (
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Unsupported, 400),
    (errors.MissingExtra, 501),
    (errors.InvalidInput, 400),
    (Cancelled, 503),
    (errors.StorageError, 503),
    (errors.FormatError, 500),
)
"""What a client may rely on: 400 fix the request · 404 no such thing · 409 somebody else was faster · 410 it was,
and is no more · 501 an optional part is not installed · 503 later · 500 the city is damaged, or a fault of ours."""

_OURS = "a fault of the service itself; its log has more"


def status_of(error: BaseException) -> int:
    """Return the status of an error; 500 for a fault of ours."""
    if isinstance(error, errors.StcloudError) and error.kind in STATUS_OF_KIND:
        return STATUS_OF_KIND[error.kind]
    return next((status for kind, status in STATUS_OF_CLASS if isinstance(error, kind)), 500)


def problem_document(error: BaseException) -> tuple[dict[str, Any], Media]:
    """Return the problem details of an error, and their format."""
    return problem_of(error), PROBLEM


def problem_of(error: BaseException) -> dict[str, Any]:
    """Return the problem details of an error: of a fault of ours nothing but that it is one."""
    status = status_of(error)
    if not isinstance(error, errors.StcloudError) or isinstance(error, errors.InternalError):
        return {"title": "internal-error", "status": status, "detail": _OURS}
    if isinstance(
        error, errors.StorageError | errors.FormatError
    ):  # their messages name files of the machine
        return {"title": error.kind, "status": status, "detail": "the city cannot be read at present"}
    problem: dict[str, Any] = {"title": error.kind, "status": status, "detail": _plain(error.message)}
    if error.hint:
        problem["hint"] = _plain(error.hint)
    if isinstance(error, errors.InvalidDefinition) and error.faults:
        problem["faults"] = [_plain(str(fault)) for fault in error.faults]
    return problem


def _plain(text: str) -> str:
    """Return a text that UTF-8 can hold: a document of JSON may name half a character."""
    return text.encode("utf-8", "replace").decode()
