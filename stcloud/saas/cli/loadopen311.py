"""`stcloud load --from-open311`: where requests are read from. Tested by `tests/saas/cli/test_loadopen311.py`."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.output import note

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.saas.harvest import Harvest

__all__ = ["Endpoint", "FromOpen311", "Since"]

FromOpen311 = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Load the requests of an Open311 endpoint; a run that was stopped goes on.",
        show_default=False,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(help="With --from-open311: from when on; default: the last 90 days.", show_default=False),
]
_DAYS_US = 90 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An Open311 endpoint that is loaded into a city; since when, and the zone of instants that have none."""

    city: str
    url: str
    since: str | None
    zone: str | None

    @classmethod
    def of(cls, city: str, url: str | None, since: str | None, zone: str | None) -> Endpoint | None:
        """Return what the options say, None: nothing; `InvalidInput` ``no-endpoint``."""
        if url is None and since is not None:
            raise InvalidInput("no-endpoint", "--since is of --from-open311", hint="give both")
        return None if url is None else cls(city, url, since, zone)

    def refuse_besides(self, sources: Sequence[Path]) -> None:
        """Refuse files beside an endpoint: `InvalidInput` ``two-sources``."""
        if sources:
            raise InvalidInput(
                "two-sources",
                "files and --from-open311 are loaded one after the other",
                hint="give one of them",
            )

    @contextmanager
    def read(self, city: City, layer: str, *, keep: bool) -> Iterator[Harvest]:
        """Read the requests; what was read is deleted at the end, unless it is to be kept or the load fails."""
        from stcloud.iaas.clock import system_clock  # noqa: PLC0415  (keeps --help light)
        from stcloud.saas.harvest import harvest  # noqa: PLC0415
        from stcloud.saas.harvest.politereader import PoliteReader  # noqa: PLC0415
        from stcloud.time import Zone, instant_us  # noqa: PLC0415

        now_us = system_clock()
        first_us = (
            now_us - _DAYS_US if self.since is None else instant_us(self.since, city.configuration.zone)
        )
        if first_us >= now_us:
            raise InvalidInput("empty-span", f"--since {self.since} is not in the past")
        folder = _folder(self.city, layer, self.url)
        done = harvest(
            self.url, folder, first_us=first_us, until_us=now_us, since=self.since or "",
            zone=None if self.zone is None else Zone(self.zone), reader=PoliteReader(pause_s=_pause_s()),
        )  # fmt: skip
        _say(done.requests, done.outside, resumed=done.resumed)
        yield done
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _say(requests: int, outside: int, *, resumed: bool) -> None:
    earlier = ", some of them by an earlier run" if resumed else ""
    note(f"read {requests:,} requests{earlier}")
    if outside:
        note(f"{outside:,} requests of other dates, which the server gave unasked, were left out")


def _pause_s() -> float:
    """Return the seconds between two requests: ``STCLOUD_OPEN311_PAUSE_S``, else one."""
    text = os.environ.get("STCLOUD_OPEN311_PAUSE_S", "")
    try:
        return min(max(float(text), 0.0), 3600.0)
    except ValueError:
        return 1.0


def _folder(city: str, layer: str, url: str) -> Path:
    """Return where what was read is kept: a folder of the user's cache for each city, layer and endpoint."""
    place = city if "://" in city else str(Path(city).absolute())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (
        cache / "stcloud" / "open311" / hashlib.sha256(f"{place}\0{layer}\0{url}".encode()).hexdigest()[:32]
    )
