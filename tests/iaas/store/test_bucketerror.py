"""What the client's errors are, by class and text; of the texts a status and a plain word are passed on."""

import pytest
from obstore.exceptions import AlreadyExistsError, GenericError, PermissionDeniedError, PreconditionError

from stcloud.iaas.store.bucketerror import MISSING, NO_BUCKET, TRUNCATED, failure_of, storage_failure

SECRET = "f00dcafe0123456789"


def text(status, code, *, url="https://s3/b/k"):
    return (
        f"Error performing PUT {url} in 3ms - Server returned non-2xx status code: {status}: "
        f"<Error><Code>{code}</Code><Message>{SECRET}</Message></Error>"
    )


CASES = {
    "missing": (FileNotFoundError(text("404 Not Found", "NoSuchKey")), "missing"),
    "no bucket": (FileNotFoundError(text("404 Not Found", "NoSuchBucket")), "no-bucket"),
    "no container": (GenericError(text("404 Not Found", "ContainerNotFound")), "no-bucket"),
    "google": (FileNotFoundError('404: {"message": "The specified bucket does not exist."}'), "no-bucket"),
    "exists": (AlreadyExistsError(text("412 Precondition Failed", "PreconditionFailed")), "exists"),
    "precondition": (PreconditionError(text("412 Precondition Failed", "")), "exists"),
    "beyond": (GenericError(text("416 Range Not Satisfiable", "InvalidRange")), "beyond"),
    "refused": (PermissionDeniedError(text("403 Forbidden", "AccessDenied")), "no-permission"),
    "clock": (PermissionDeniedError(text("403 Forbidden", "RequestTimeTooSkewed")), "no-permission"),
    "region": (GenericError(text("301 Moved Permanently", "PermanentRedirect")), "wrong-region"),
    "region of a signature": (
        GenericError(text("400 Bad Request", "AuthorizationHeaderMalformed")),
        "wrong-region",
    ),
    "busy": (GenericError(text("503 Service Unavailable", "SlowDown")), "unavailable"),
    "too many": (GenericError(text("429 Too Many Requests", "")), "unavailable"),
    "no credentials": (
        PermissionDeniedError(text("403 Forbidden", "", url="http://169.254.169.254/latest/api/token")),
        "no-credentials",
    ),
    "ended upload": (FileNotFoundError(text("404 Not Found", "NoSuchUpload")), "unavailable"),
    "odd": (GenericError(text("418 Teapot", "ShortAndStout")), "storage"),
    "unconnected": (
        GenericError("HTTP error: error sending request\nkind: Connect, tcp connect error"),
        "unreachable",
    ),
    "no name": (GenericError('HTTP error\nkind: Connect, "dns error"'), "unreachable"),
    "no trust": (GenericError("HTTP error\nkind: Connect, invalid peer certificate"), "unreachable"),
    "timeout": (GenericError("HTTP error: request timed out\nkind: Timeout"), "unreachable"),
    "no list": (GenericError("Got invalid list response\nsource: InvalidListResponse {"), "truncated"),
    "short": (EOFError(), "truncated"),
    "scheme": (GenericError("builder error\nsource: BadScheme,"), "insecure-endpoint"),
    "unheard of": (GenericError(SECRET), "storage"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_failure_has_a_kind_and_shows_no_text_of_the_client(case):
    error, kind = CASES[case]
    failure = failure_of(error)
    assert failure.kind == kind
    shown = storage_failure(failure, "write k", "s3://bucket/city", endpoint="https://store:9000")
    assert shown.kind == {"missing": "no-bucket", "exists": "storage", "beyond": "storage"}.get(kind, kind)
    assert SECRET not in f"{shown!r} {shown} {shown.hint}"
    assert "\n" not in str(shown)
    assert ("https://store:9000" in str(shown)) == (kind == "unreachable")


@pytest.mark.parametrize(
    ("case", "passing", "sent"),
    [
        ("busy", True, True), ("timeout", True, True), ("unconnected", True, False), ("no name", True, False),
        ("no trust", False, False), ("refused", False, False), ("no bucket", False, False), ("short", True, True),
        ("odd", False, False),
    ],
)  # fmt: skip
def test_a_failure_knows_whether_it_may_pass_and_whether_something_was_done(case, passing, sent):
    failure = failure_of(CASES[case][0])
    assert (failure.passing, failure.sent) == (passing, sent)


def test_a_key_is_not_taken_for_an_address():
    error = FileNotFoundError(text("404 Not Found", "NoSuchKey", url="https://s3/b/oauth/169.254.169.254"))
    assert failure_of(error) == MISSING


def test_the_client_says_when_it_has_tried_enough():
    last = "Error performing GET x in 1s, after 7 retries, max_retries: 7, retry_timeout: 30s - HTTP error"
    assert failure_of(GenericError(last)).exhausted
    assert not failure_of(GenericError(last.replace("after 7", "after 3"))).exhausted
    assert not TRUNCATED.exhausted
    assert not NO_BUCKET.passing


def test_a_code_is_a_plain_word():
    assert "ShortAndStout" in failure_of(CASES["odd"][0]).fact
    assert failure_of(GenericError(text("418 Teapot", f"x{SECRET}"))).fact == "the server answers 418"


def test_a_bucket_without_an_endpoint_may_be_elsewhere():
    shown = storage_failure(failure_of(CASES["no name"][0]), "read k", "s3://bucket")
    assert "set the endpoint (AWS_ENDPOINT_URL" in shown.hint
