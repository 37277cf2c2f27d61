"""Object stores of a test's own: real servers on this machine that speak as a bucket does, gone at the end.

Tested by `tests/conformance/test_stores.py`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["NoObjectServer", "ObjectServer", "s3_server"]

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


@contextlib.contextmanager
def s3_server() -> Iterator[ObjectServer]:
    """Start moto's server of S3, with an empty bucket; its memory holds all bytes.

    Raises
    ------
    NoObjectServer
        moto or flask is not installed.
    """
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask_cors") is None:
        raise NoObjectServer("moto and its server are not installed")
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, endpoint):
        _request("PUT", f"{endpoint}/city-tests")
        yield s3_at(endpoint, "city-tests")


def s3_at(endpoint: str, bucket: str, *, key: str = "", secret: str = "") -> ObjectServer:
    """Return how a server of S3 is spoken to; without a secret one is made up, which no other text has in it."""
    options = {
        "endpoint": endpoint,
        "region": "us-east-1",
        "access_key_id": key or f"AKIA{secrets.token_hex(8).upper()}",
        "secret_access_key": secret or secrets.token_hex(20),
    }
    names = {"endpoint": "AWS_ENDPOINT_URL"}
    environment = {names.get(name, f"AWS_{name.upper()}"): value for name, value in options.items()}
    return ObjectServer(f"s3://{bucket}", endpoint, options, environment)


def free_port() -> int:
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


def _request(method: str, address: str) -> int:
    """Make one plain request and return the status of its answer."""
    request = urllib.request.Request(address, method=method)  # noqa: S310  (http, on this machine)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  (as above)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
