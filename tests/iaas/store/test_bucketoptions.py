"""Options of buckets: names in three forms, values that are never shown."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.store.bucket import BucketStore
from stcloud.iaas.store.bucketoptions import bucket_options

SECRET = "f00dcafe0123456789"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT",
        "AWS_ALLOW_HTTP",
        "AZURE_ALLOW_HTTP",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "name", ["region", "AWS_REGION", "aws_region", "default_region", "AWS_DEFAULT_REGION"]
)
def test_an_option_has_the_names_of_the_environment_too(name):
    assert bucket_options("s3", {name: "cn-east-3"}).given == {"region": "cn-east-3"}


def test_the_kinds_of_buckets_have_options_of_their_own():
    given = bucket_options("az", {"AZURE_STORAGE_ACCOUNT_NAME": "a", "sas_token": "sig"}).given
    assert given == {"account_name": "a", "sas_key": "sig"}
    assert bucket_options("gs", {"GOOGLE_SERVICE_ACCOUNT": "/a"}).given == {"service_account": "/a"}
    assert bucket_options("s3", {"AWS_SKIP_SIGNATURE": "True"}).given == {"skip_signature": "true"}


@pytest.mark.parametrize(
    ("scheme", "options", "kind", "words"),
    [
        ("s3", {"regoin": SECRET}, "unknown-option", "did you mean 'region'"),
        ("s3", {"account_key": SECRET}, "unknown-option", "'account_key' is no option"),
        ("gs", {"region": SECRET}, "unknown-option", "'region' is no option"),
        ("s3", {"skip_signature": SECRET}, "bad-option", "true or false"),
        ("s3", {"region": ""}, "bad-option", "empty"),
        ("s3", {"secret_access_key": f"{SECRET}\n"[:-1] + "\x07"}, "bad-option", "control"),
        ("s3", {"endpoint": f"ftp://{SECRET}@host"}, "bad-option", "no address"),
        ("s3", {"endpoint": f"http://{SECRET}@[bad"}, "bad-option", "no address"),
        (
            "s3",
            {"endpoint": f"http://u:{SECRET}@store.example:9000"},
            "insecure-endpoint",
            "does not encrypt",
        ),
    ],
)
def test_what_cannot_be_an_option_is_refused_and_not_shown(scheme, options, kind, words):
    with pytest.raises(InvalidInput, match=words) as refused:
        bucket_options(scheme, options)
    assert refused.value.kind == kind
    assert SECRET not in str(refused.value)


def test_an_endpoint_without_tls_is_this_machine_or_is_wanted(monkeypatch):
    assert bucket_options("s3", {"endpoint": "http://127.0.0.1:9000"}).allow_http
    assert bucket_options("s3", {"endpoint": "http://localhost:9000"}).allow_http
    assert bucket_options("s3", {"endpoint": "http://h:9000", "allow_http": "true"}).allow_http
    assert not bucket_options("s3", {"endpoint": "https://h:9000"}).allow_http
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://h:9000")
    with pytest.raises(InvalidInput, match="AWS_ALLOW_HTTP") as refused:
        bucket_options("s3")
    assert refused.value.kind == "insecure-endpoint"
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    assert bucket_options("s3").allow_http
    assert bucket_options("s3").endpoint == "http://h:9000"


def test_nothing_shows_a_value():
    options = bucket_options(
        "s3", {"secret_access_key": SECRET, "endpoint": f"https://u:{SECRET}@h:9/x?y={SECRET}"}
    )
    assert options.endpoint == "https://h:9"
    assert SECRET not in repr(options)


@pytest.mark.parametrize(
    ("address", "options", "words"),
    [
        ("az://container", {}, "set AZURE_STORAGE_ACCOUNT_NAME"),
        ("az://container", {"account_name": "a", "account_key": f"={SECRET}"}, "AZURE_STORAGE_ACCOUNT_KEY"),
        ("gs://bucket", {"service_account": f"/{SECRET}"}, "GOOGLE_SERVICE_ACCOUNT"),
        ("gs://bucket", {"service_account_key": f"{{{SECRET}"}, "service account"),
    ],
)
def test_options_that_the_client_cannot_use(monkeypatch, address, options, words):
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InvalidInput, match=words) as refused:
        BucketStore(address, options)
    assert refused.value.kind == "bad-option"
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
