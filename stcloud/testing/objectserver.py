"""Object stores of a test's own: real servers on this machine that speak as a bucket does, gone at the end.

Tested by `tests/conformance/test_stores.py`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from stcloud.testing.faultyproxy import FaultyProxy, NetworkFaults

__all__ = [
    "FaultyServer",
    "NoObjectServer",
    "ObjectServer",
    "azure_server",
    "faulty",
    "lying_server",
    "s3_server",
]

_BUCKET = "city-tests"
_LYING = "lying-tests"
_READABLE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{_BUCKET}", f"arn:aws:s3:::{_BUCKET}/*"],
        }
    ],
}
"""A policy by which anybody may read."""
_SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=A/20240101/us-east-1/s3/aws4_request, Signature=0"}
"""A signature, which moto does not check."""
_START_S = 30.0


class NoObjectServer(Exception):
    """The server cannot be started here; says why."""


@dataclass(frozen=True, slots=True)
class ObjectServer:
    """A server that runs.

    Parameters
    ----------
    root
        Address of its bucket, such as ``s3://city-tests``.
    endpoint
        Where it listens, ``http://127.0.0.1:PORT``.
    options
        What `stcloud.iaas.store.opening.open_store` needs to speak to it.
    environment
        The same as variables of the environment.
    """

    root: str
    endpoint: str
    options: Mapping[str, str]
    environment: Mapping[str, str]

    def address(self, prefix: str = "") -> str:
        """Return the address of a place in its bucket."""
        return f"{self.root}/{prefix}" if prefix else self.root


@dataclass(frozen=True, slots=True)
class FaultyServer(ObjectServer):
    """A server behind a proxy that injects faults.

    Parameters
    ----------
    proxy
        What was injected is counted by it.
    """

    proxy: FaultyProxy


@contextlib.contextmanager
def s3_server() -> Iterator[ObjectServer]:
    """Start moto's server of S3, with an empty bucket that anybody may read; its memory holds all bytes.

    Raises
    ------
    NoObjectServer
        moto or flask is not installed.
    """
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask_cors") is None:
        raise NoObjectServer("moto and its server are not installed")
    port = _free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "stcloud.testing.motoserver", str(port)]
    with _running(command, endpoint):
        _request("PUT", f"{endpoint}/{_BUCKET}")
        _request("PUT", f"{endpoint}/{_BUCKET}?policy", _SIGNED, body=json.dumps(_READABLE).encode())
        yield _s3_at(endpoint)


@contextlib.contextmanager
def azure_server() -> Iterator[ObjectServer]:
    """Start Azurite, Microsoft's emulator of Azure Blob Storage, with an empty container; its memory holds all bytes.

    Raises
    ------
    NoObjectServer
        It is not installed: ``make .venv/.azurite`` does that, with npm.
    """
    program = Path(sys.prefix) / "azurite" / "node_modules" / ".bin" / "azurite-blob"
    path = str(program) if program.is_file() else shutil.which("azurite-blob")
    if path is None or shutil.which("node") is None:
        raise NoObjectServer("Azurite is not installed")
    port, account, key = _free_port(), "citytests", base64.b64encode(secrets.token_bytes(48)).decode()
    endpoint = f"http://127.0.0.1:{port}"
    command = [
        path, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent", "--disableTelemetry",
        "--inMemoryPersistence", "--skipApiVersionCheck", "--extentMemoryLimit", "512",
    ]  # fmt: skip
    with _running(command, endpoint, environment={"AZURITE_ACCOUNTS": f"{account}:{key}"}):
        _make_container(endpoint, account, key)
        yield _azure_at(endpoint, account, key)


@contextlib.contextmanager
def lying_server() -> Iterator[ObjectServer]:
    """Start JuiceFS's gateway over SQLite and a folder: it takes a put-if-absent and replaces what is there.

    Raises
    ------
    NoObjectServer
        It is not installed.
    """
    program = shutil.which(
        "juicefs", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    )
    if program is None:
        raise NoObjectServer("JuiceFS is not installed")
    server = _s3_at(f"http://127.0.0.1:{_free_port()}", _LYING)
    with TemporaryDirectory(prefix="stcloud-lying-", ignore_cleanup_errors=True) as place:
        meta = f"sqlite3://{place}/meta.db"
        subprocess.run(
            [
                program,
                "format",
                "--storage",
                "file",
                "--bucket",
                f"{place}/data/",
                "--no-update",
                meta,
                _LYING,
            ],
            check=True,
            capture_output=True,
        )
        command = [
            program, "gateway", "--no-banner", "--no-usage-report", "--no-bgjob", "--metrics", "127.0.0.1:0",
            "--cache-dir", f"{place}/cache", "--backup-meta", "0", "--log", f"{place}/log",
            meta, server.endpoint.removeprefix("http://"),
        ]  # fmt: skip
        users = {
            "MINIO_ROOT_USER": server.options["access_key_id"],
            "MINIO_ROOT_PASSWORD": server.options["secret_access_key"],
        }
        with _running(command, server.endpoint, environment=users):
            yield server


@contextlib.contextmanager
def faulty(server: ObjectServer, faults: NetworkFaults) -> Iterator[FaultyServer]:
    """Put a proxy that injects faults before a server that runs."""
    with FaultyProxy(server.endpoint, faults) as proxy:

        def through(values: Mapping[str, str]) -> dict[str, str]:
            return {name: text.replace(server.endpoint, proxy.endpoint) for name, text in values.items()}

        yield FaultyServer(
            server.root, proxy.endpoint, through(server.options), through(server.environment), proxy
        )


def _s3_at(endpoint: str, bucket: str = _BUCKET) -> ObjectServer:
    """Return how a server of S3 is spoken to, with credentials of which no other text has a part in it."""
    options = {
        "endpoint": endpoint,
        "region": "us-east-1",
        "access_key_id": f"AKIA{secrets.token_hex(8).upper()}",
        "secret_access_key": secrets.token_hex(20),
    }
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": options["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": options["secret_access_key"],
        "AWS_ALLOW_HTTP": "true",
    }
    return ObjectServer(f"s3://{bucket}", endpoint, options, environment)


def _azure_at(endpoint: str, account: str, key: str) -> ObjectServer:
    options = {"endpoint": f"{endpoint}/{account}", "account_name": account, "account_key": key}
    environment = {
        "AZURE_STORAGE_ENDPOINT": options["endpoint"],
        "AZURE_STORAGE_ACCOUNT_NAME": account,
        "AZURE_STORAGE_ACCOUNT_KEY": key,
        "AZURE_ALLOW_HTTP": "true",
    }
    return ObjectServer(f"az://{_BUCKET}", endpoint, options, environment)


def _make_container(endpoint: str, account: str, key: str) -> None:
    """Make the container, by a request that is signed with the account's key as Azure wants it."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    signed = "".join(f"{name}:{value}\n" for name, value in headers.items())
    text = f"PUT{chr(10) * 12}{signed}/{account}/{account}/{_BUCKET}\nrestype:container"
    digest = hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256)
    headers["Authorization"] = f"SharedKey {account}:{base64.b64encode(digest).decode()}"
    status = _request("PUT", f"{endpoint}/{account}/{_BUCKET}?restype=container", headers)
    if status != 201:
        raise NoObjectServer(f"Azurite makes no container: {status}")


def _free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def _running(
    command: Sequence[str],
    endpoint: str,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a server until the end; wait until it answers first."""
    with TemporaryDirectory(prefix="stcloud-server-", ignore_cleanup_errors=True) as place:
        log = Path(place) / "log"
        with log.open("wb") as written:
            process = subprocess.Popen(
                command,
                stdout=written,
                stderr=written,
                cwd=folder or place,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(environment or {})},
            )
        try:
            _wait(process, endpoint, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
    until_s = time.monotonic() + _START_S
    while time.monotonic() < until_s:
        if process.poll() is not None:
            raise NoObjectServer(f"the server did not start: {log.read_text(errors='replace')[-500:]}")
        with contextlib.suppress(OSError):
            _request("GET", endpoint)
            return
        time.sleep(0.05)
    raise NoObjectServer(f"the server did not answer for {_START_S:g} s")


def _request(
    method: str, address: str, headers: Mapping[str, str] | None = None, *, body: bytes = b""
) -> int:
    """Make one plain request of this machine and return the status of its answer."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request(
            method, f"{parts.path or '/'}?{parts.query}".rstrip("?"), body, dict(headers or {})
        )
        return connection.getresponse().status
    finally:
        connection.close()
