"""Errors are problems of RFC 9457: a status that a client may rely on, and nothing of the machine."""

import json

import pytest

from stcloud import errors
from stcloud.iaas.job import Cancelled
from stcloud.saas.web.call import encoded
from stcloud.saas.web.problem import STATUS_OF_KIND, problem_of, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidInput("wrong-type", "x"), 400),
        (errors.InvalidDefinition("not-json", "x"), 400),
        (errors.Unsupported("no-csv", "x"), 400),
        (errors.NotFound("unknown-layer", "x"), 404),
        (errors.NotFound("purged", "x"), 410),
        (errors.Conflict("written-meanwhile", "x"), 409),
        (errors.InvalidInput("body-too-large", "x"), 413),
        (errors.Unsupported("too-busy", "x"), 503),
        (errors.MissingExtra("cube-needed", "x"), 501),
        (errors.StorageError("unreadable", "x"), 503),
        (errors.FormatError("damaged", "x"), 500),
        (Cancelled("cancelled", "x"), 503),
        (ValueError("x"), 500),
    ],
)
def test_an_error_has_a_status(error, status):
    assert status_of(error) == problem_of(error)["status"] == status


def test_a_problem_says_what_is_wrong_and_what_to_do():
    error = errors.InvalidInput("bad-limit", "limit=0 is none", hint="give 1 or more")
    assert problem_of(error) == {
        "title": "bad-limit", "status": 400, "detail": "limit=0 is none", "hint": "give 1 or more",
    }  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        ValueError("/srv/city/secret"),
        errors.StorageError("unreadable", "/srv/city/secret"),
        errors.FormatError("damaged", "/srv/city/secret"),
        errors.InternalError("broken", "/srv/city/secret"),
    ],
)
def test_a_fault_of_ours_names_nothing_of_the_machine(error):
    assert "secret" not in json.dumps(problem_of(error))


def test_a_problem_can_be_written_whatever_a_request_held():
    error = errors.InvalidInput("unknown-property", "there is no \ud800", hint="\udfff?")
    assert json.loads(encoded(problem_of(error)))["title"] == "unknown-property"


def test_statuses_of_kinds_are_those_of_errors():
    assert all(400 <= status < 600 for status in STATUS_OF_KIND.values())
