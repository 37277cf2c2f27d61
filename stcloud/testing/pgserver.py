"""A PostgreSQL of a test's own: in a temporary folder, on a socket in it, gone at the end.

Tested by `tests/iaas/records/test_opening.py`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["NoServer", "PgServer", "pg_server"]

_CLUSTER = ("-U", "stcloud", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")


class NoServer(Exception):
    """PostgreSQL cannot be started here; says why."""


@dataclass(slots=True)
class PgServer:
    """A server that runs; ``url`` is where its database is."""

    folder: Path
    programs: Path
    owner: dict[str, Any]
    settings: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        """Address of the database ``postgres``, through the socket in the server's folder."""
        return f"postgresql://stcloud@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start and wait until it answers."""
        settings = [f"--{name}={text}" for name, text in self.settings.items()]
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *settings], stdout=log, stderr=log, cwd=self.folder, **self.owner
            )
        ready = [str(self.programs / "pg_isready"), "-q", "-h", str(self.folder), "-U", "stcloud"]
        for _ in range(300):
            if self.process.poll() is not None:
                raise NoServer(f"PostgreSQL did not start: {(self.folder / 'log').read_text()}")
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise NoServer("PostgreSQL did not answer for 30 s")

    def stop(self, *, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: by SIGINT without waiting for sessions, by SIGQUIT as if the machine had failed."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None


@contextlib.contextmanager
def pg_server(*, fsync: bool = False, **settings: str) -> Iterator[PgServer]:
    """Start a server that listens on a socket in its own folder only; leave nothing behind.

    PostgreSQL refuses to run as root; root starts it as the user ``postgres``.

    Raises
    ------
    NoServer
        PostgreSQL is not installed, or cannot be started by this user.
    """
    programs = _programs()
    owner: dict[str, Any] = {} if os.geteuid() else {"user": "postgres", "group": "postgres"}
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    common = {"listen_addresses": "", "fsync": "on" if fsync else "off", "timezone": "UTC", "jit": "off"}
    server = PgServer(folder, programs, owner, common | {"max_connections": "120"} | settings)
    try:
        _give(folder, owner)
        made = [str(programs / "initdb"), "-D", str(folder / "data"), *_CLUSTER]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=folder, **owner)
        server.start()
        yield server
    finally:
        server.stop(how=signal.SIGQUIT)  # nothing is kept: no last checkpoint
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """Return the folder of the newest PostgreSQL's programs: Debian's, or the one on the path."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4])
    )
    on_path = shutil.which("initdb")
    if not installed and on_path is None:
        raise NoServer("there is no PostgreSQL")
    return installed[-1].parent if installed else Path(str(on_path)).resolve().parent


def _give(folder: Path, owner: dict[str, Any]) -> None:
    if owner:
        try:
            shutil.chown(folder, **owner)
        except LookupError as error:
            raise NoServer("PostgreSQL does not run as root, and there is no user postgres") from error
