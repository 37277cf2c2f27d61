"""Options of a bucket: where it is and who asks, from the caller or from the usual environment.

What is given here is handed to the client and kept nowhere else: no error, log or `repr` shows a value.

Tested by `tests/iaas/store/test_bucketoptions.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from stcloud.errors import InvalidInput, nearest

__all__ = ["SCHEMES", "BucketOptions", "bucket_options"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What one kind of bucket takes: names of options, what the environment calls them, and how it is asked for."""

    names: tuple[str, ...]
    beginnings: tuple[str, ...]
    other_names: Mapping[str, str]
    endpoints: tuple[str, ...]
    http: str


SCHEMES: Mapping[str, _Kind] = {
    "s3": _Kind(
        names=(
            "access_key_id", "secret_access_key", "session_token", "token", "region", "endpoint", "skip_signature",
            "virtual_hosted_style_request", "role_arn", "role_session_name", "web_identity_token_file",
            "container_credentials_relative_uri", "container_credentials_full_uri",
            "container_authorization_token_file", "metadata_endpoint", "imdsv1_fallback", "request_payer",
            "server_side_encryption", "sse_kms_key_id", "sse_bucket_key_enabled", "unsigned_payload",
            "checksum_algorithm", "disable_bulk_delete", "allow_http",
        ),
        beginnings=("aws_",),
        other_names={
            "endpoint_url": "endpoint", "endpoint_url_s3": "endpoint", "default_region": "region",
            "session_token": "token",
        },
        endpoints=("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
        http="AWS_ALLOW_HTTP",
    ),
    "az": _Kind(
        names=(
            "account_name", "account_key", "sas_key", "token", "client_id", "client_secret", "tenant_id",
            "authority_host", "endpoint", "use_emulator", "use_azure_cli", "federated_token_file", "msi_endpoint",
            "object_id", "msi_resource_id", "skip_signature", "allow_http",
        ),
        beginnings=("azure_storage_", "azure_"),
        other_names={"sas_token": "sas_key", "access_key": "account_key"},
        endpoints=("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
        http="AZURE_ALLOW_HTTP",
    ),
    "gs": _Kind(
        names=(
            "service_account", "service_account_key", "application_credentials", "bearer_token", "base_url",
            "skip_signature", "allow_http",
        ),
        beginnings=("google_cloud_", "google_"),
        other_names={"endpoint": "base_url", "service_account_path": "service_account"},
        endpoints=("GOOGLE_BASE_URL",),
        http="GOOGLE_ALLOW_HTTP",
    ),
}  # fmt: skip
"""Kinds of buckets by the scheme of their addresses."""
_FLAGS = frozenset({
    "skip_signature", "virtual_hosted_style_request", "imdsv1_fallback", "sse_bucket_key_enabled",
    "unsigned_payload", "disable_bulk_delete", "use_emulator", "use_azure_cli", "allow_http", "request_payer",
})  # fmt: skip
_TRUE = frozenset({"1", "true", "on", "yes", "y"})
_FALSE = frozenset({"0", "false", "off", "no", "n"})
_LOOPBACK = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|::1)\Z")


@dataclass(frozen=True, slots=True)
class BucketOptions:
    """Options that were checked.

    Parameters
    ----------
    given
        Options of the client by its own names; the client adds those of the environment.
    allow_http
        Whether requests may go over an unencrypted connection.
    endpoint
        Where requests go, without a user's name or password in it; empty: the provider's own place.
    """

    given: Mapping[str, str] = field(repr=False)
    allow_http: bool
    endpoint: str


def bucket_options(scheme: str, options: Mapping[str, str] | None = None) -> BucketOptions:
    """Return options in the client's words.

    Parameters
    ----------
    scheme
        ``s3``, ``az`` or ``gs``.
    options
        Such as ``region``, ``endpoint``, ``access_key_id`` (S3), ``account_name``, ``account_key`` (Azure) or
        ``service_account`` (Google), or the same as variables of the environment are called (``AWS_REGION``).
        ``skip_signature``: read without credentials. ``allow_http``: take an endpoint without TLS,
        which is refused unless it is this machine.

    Raises
    ------
    InvalidInput
        ``unknown-option``: no such option. ``bad-option``: a value that cannot be one; it is not shown.
        ``insecure-endpoint``: an endpoint without TLS on another machine.
    """
    kind = SCHEMES[scheme]
    given: dict[str, str] = {}
    for name, value in (options or {}).items():
        known = _known_name(kind, name)
        given[known] = _checked(name, known, value)
    http = given.pop("allow_http", "") or os.environ.get(kind.http, "").lower()
    address = given.get("endpoint") or given.get("base_url") or _first(kind.endpoints)
    allow_http = http in _TRUE or given.get("use_emulator") == "true"
    endpoint = _shown(address) if address else ""
    if endpoint.startswith("http://") and not allow_http:
        if not _LOOPBACK.match(urlsplit(endpoint).hostname or ""):
            raise InvalidInput(
                "insecure-endpoint",
                f"the endpoint {endpoint} does not encrypt what is sent",
                hint=f"use https://, or set {kind.http}=true",
            )
        allow_http = True
    return BucketOptions(given, allow_http, endpoint)


def _known_name(kind: _Kind, name: str) -> str:
    """Return the client's name of an option."""
    short = str(name).lower()
    for beginning in kind.beginnings:
        if short.startswith(beginning):
            short = short.removeprefix(beginning)
            break
    short = kind.other_names.get(short, short)
    if short not in kind.names:
        near = nearest(short, kind.names)
        raise InvalidInput(
            "unknown-option",
            f"{str(name)[:60]!r} is no option of a bucket",
            hint=f"did you mean {near[0]!r}?" if near else f"use {', '.join(kind.names[:6])} ...",
        )
    return short


def _checked(name: str, known: str, value: object) -> str:
    """Return a value as text."""
    text = str(value).strip()
    if known in _FLAGS:
        if text.lower() not in _TRUE | _FALSE:
            raise InvalidInput(
                "bad-option", f"the option {name!r} is true or false", hint="write true or false"
            )
        return "true" if text.lower() in _TRUE else "false"
    if not text or not text.isprintable():
        raise InvalidInput("bad-option", f"the option {name!r} is empty or has control characters in it")
    return text


def _first(names: Iterable[str]) -> str:
    return next((text for name in names if (text := os.environ.get(name, ""))), "")


def _shown(address: str) -> str:
    """Return scheme, host and port of an endpoint: what may be shown of it."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(
            "bad-option", "the endpoint is no address", hint="write https://HOST or https://HOST:PORT"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"
