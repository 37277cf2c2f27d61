"""A hundred clients ask a process for half a minute while another one loads: every answer is whole, and of its pin.

What was given is compared afterwards with pandas, by the recorded instants of the loads.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote_plus

import numpy as np
import pandas as pd
import psutil
import pytest

from stcloud.paas.query.answer.pin import Pin
from stcloud.space.tilegrid import Tile
from stcloud.testing.vectortiles import read_tile
from tests.conformance.web.busyclient import SELECTIONS, TILES, BusyClient, digest
from tests.conformance.web.busytown import BusyTown, make
from tests.conformance.web.serving import serve

ROOT = Path(__file__).resolve().parents[3]
CLIENTS, SECONDS, WARM_S = 100, 30, 10
MOST_GROWTH_BYTES = 64_000_000
"""The memory of the service may grow by so much after it is warm: it keeps columns of what loads have written,
up to 256 MB of them."""


@contextmanager
def loading(folder: Path, journal: Path) -> Iterator[None]:
    """Load in a process of its own as long as the block lasts; the journal has the recorded instant of each load."""
    words = [sys.executable, "-m", "tests.conformance.web.busytown", str(folder)]
    with (
        journal.open("w") as lines,
        subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=lines) as loader,
    ):
        try:
            yield
        finally:
            loader.stdin.close()
            assert loader.wait(60) == 0


def memory_while(process_id: int, end_s: float) -> list[tuple[float, int]]:
    """Return seconds before the end and bytes of memory, twice a second."""
    process, samples = psutil.Process(process_id), []
    while time.monotonic() < end_s:
        samples.append((end_s - time.monotonic(), process.memory_info().rss))
        time.sleep(0.5)
    return samples


def run(clients: list[BusyClient], process_id: int, seconds: float) -> tuple[list[BaseException], list]:
    """Let all clients ask at the same time; return what went wrong, and the memory of the service meanwhile."""
    errors: list[BaseException] = []
    end_s = time.monotonic() + seconds

    def ask(client: BusyClient) -> None:
        try:
            client.run(end_s)
        except BaseException as error:  # noqa: BLE001  (the test's own thread raises it)
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    samples = memory_while(process_id, end_s)
    for thread in threads:
        thread.join()
    return errors, samples


@pytest.mark.slow
def test_a_hundred_clients_are_given_whole_answers_while_a_layer_is_loaded(tmp_path):
    folder, journal = tmp_path / "town", tmp_path / "loads"
    first_us = make(folder)
    server = serve(folder, "--seconds", "120", rate="200/second")
    with server as service:
        clients = [BusyClient(service, seed) for seed in range(CLIENTS)]
        with loading(folder, journal):
            errors, samples = run(clients, server.process_id, SECONDS)
    assert errors[:1] == []
    statuses = sum((client.statuses for client in clients), Counter())
    assert {*statuses} <= {200, 304, 429}
    assert statuses[304] > 0
    town = BusyTown((first_us, *(int(line.split()[1]) for line in journal.read_text().splitlines())))
    assert len(town.recorded_us) > 3
    pins = check(town, clients)
    assert pins >= 3, "no load came between"
    assert sum(client.walks for client in clients) >= CLIENTS
    warm = [size for before_end, size in samples if before_end <= SECONDS - WARM_S]
    assert max(warm) - warm[0] <= MOST_GROWTH_BYTES


def check(town: BusyTown, clients: list[BusyClient]) -> int:
    """Compare all answers with what was known at their pins; return how many pins there are."""
    given = defaultdict(set)
    for client in clients:
        for seen in client.seen:
            given[seen.what, seen.selection, unquote_plus(seen.pin)].add(seen.value)
    assert [key for key, values in given.items() if len(values) != 1] == []
    states = {pin: town.at(Pin.read(pin).of_layer("calls")) for *_, pin in given}
    for (what, selection, pin), (value,) in given.items():
        rows = states[pin]
        rows = rows[SELECTIONS[selection][1](rows)]
        if what == "rows":
            assert value == digest(list(zip(rows["id"], rows["kind"], rows["n"].tolist(), strict=True)))
        elif what == "tally":
            assert dict(value) == rows.groupby("kind").size().to_dict()
        else:
            check_tile(TILES[int(what.split()[1])], value, rows)
    return len(states)


def check_tile(tile: Tile, content: bytes, rows: pd.DataFrame) -> None:
    """Compare a tile with the rows that lie on it, by the formula of Web Mercator."""
    side, south = 2.0**tile.z, np.radians(rows["lat"])
    across, down = (rows["lon"] + 180) / 360 * side, (1 - np.arcsinh(np.tan(south)) / np.pi) / 2 * side
    rows = rows[(across // 1 == tile.x) & (down // 1 == tile.y)]
    attributes = [feature.attributes for feature in read_tile(content)["calls"].features]
    if tile.z < 14:
        assert sum(made["count"] for made in attributes) == len(rows)
    else:
        shown = {made["st_key"]: (made["kind"], made["n"]) for made in attributes}
        assert len(shown) == len(attributes)
        assert shown == {row.id: (row.kind, row.n) for row in rows.itertuples()}
