"""What a service is told when it starts. Tested by `tests/saas/web/test_settings.py`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stcloud.errors import InvalidInput

if TYPE_CHECKING:
    from limits import RateLimitItem

__all__ = ["Settings", "is_loopback", "own_names"]

_POSITIVE = (
    "most_rows", "most_body_bytes", "seconds", "workers", "heavy", "waiting", "renew_s", "load_seconds", "loads",
    "uploads", "most_shared_bytes", "file_address_s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service answers.

    Parameters
    ----------
    base_url
        Address under which clients know the service, where a proxy is before it; None: that of the request.
    origins
        Origins whose pages may read it (CORS), such as ``https://maps.example.org``; ``*``: all. None by default.
    hosts
        Names by which the service is reached; a request that names another one is refused. Of none: any.
    most_rows
        Most rows of a page, and of what is not paged.
    most_body_bytes
        Largest body of a request.
    seconds
        Seconds until a question is given up.
    workers, heavy
        Questions that are answered at the same time, and how many of them may be of a whole layer.
    waiting
        Requests that may wait for a worker; more are turned away.
    most_load_bytes
        Largest body that is loaded into a layer; 0: none is.
    load_seconds
        Seconds until a load is given up, and until its body must have come.
    load_wait_s
        Seconds that a load waits for another one of its layer.
    loads, uploads
        Loads that are done at the same time; bodies that are taken in, wait or are loaded. More are turned away.
    renew_s
        Seconds after which copies of what principals may see are brought up to date, though nobody asks.
    most_shared_bytes
        How much the folder of files of shared tables holds; those that were given longest ago are removed.
    file_address_s
        Seconds that the address of such a file holds.
    rate
        Requests of one principal, such as ``"50/second"``.
    open311
        Log of cases, or layer, whose requests are served as Open311; None: none are.
    open311_rate
        Reports of one network address, such as ``"30/minute"``.
    """

    base_url: str | None = None
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    most_rows: int = 10_000
    most_body_bytes: int = 4_000_000
    seconds: float = 30.0
    workers: int = 8
    heavy: int = 2
    waiting: int = 200
    most_load_bytes: int = 1_000_000_000
    load_seconds: float = 600.0
    load_wait_s: float = 10.0
    loads: int = 2
    uploads: int = 8
    renew_s: float = 60.0
    most_shared_bytes: int = 2_000_000_000
    file_address_s: float = 900.0
    rate: str = "200/second"
    open311: str | None = None
    open311_rate: str = "30/minute"

    def __post_init__(self) -> None:
        """Refuse what cannot be; `InvalidInput` ``bad-setting``."""
        if self.base_url is not None:
            parts = urlsplit(self.base_url)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
                raise InvalidInput(
                    "bad-setting", f"'{self.base_url}' is no base URL",
                    hint="write it like https://data.example.org/city",
                )  # fmt: skip
            if "@" in parts.netloc:
                raise InvalidInput("bad-setting", "a base URL has no user and no password")
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise InvalidInput("bad-setting", f"{name} is {getattr(self, name)}; it is more than nothing")
        if self.most_load_bytes < 0:
            raise InvalidInput("bad-setting", f"most_load_bytes is {self.most_load_bytes}; it is 0 or more")
        self.parsed_rate()
        _parsed(self.open311_rate)

    def trusts(self, origin: str, host: str) -> bool:
        """Return whether pages of an origin may have something done: those named, and the service's own.

        ``host`` is the name, and the port, by which the request reaches the service.

        >>> settings = Settings(base_url="https://data.example.org/city", origins=("https://maps.example.org",))
        >>> [settings.trusts(f"{origin}.example.org", "127.0.0.1:8080") for origin in
        ...  ("https://data", "https://maps", "https://evil")]
        [True, True, False]
        """
        if "*" in self.origins or origin in self.origins:
            return True
        own = urlsplit(self.base_url).netloc if self.base_url is not None else host
        return bool(own) and origin.lower().partition("://")[2] in (own.lower(), host)

    def parsed_rate(self) -> RateLimitItem:
        """Return the rate as the library of limits has it; `InvalidInput` ``bad-setting``."""
        return _parsed(self.rate)


def _parsed(rate: str) -> RateLimitItem:
    from limits import parse  # noqa: PLC0415

    try:
        return parse(rate)
    except ValueError as error:
        raise InvalidInput("bad-setting", f"'{rate}' is no rate", hint="write it like 50/second") from error


def is_loopback(host: str) -> bool:
    """Return whether only programs of this machine reach a host.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_names(host: str, base_url: str | None = None) -> tuple[str, ...]:
    """Return the names of a service that whoever reaches it may see all of, where it listens at a loopback host.

    A page of another site may have its own name lead to this machine; a browser then reads the service for it.

    >>> own_names("127.0.0.1"), own_names("::1", "https://Data.example.org/xiamen")
    (('127.0.0.1', '[::1]', 'localhost'), ('127.0.0.1', '[::1]', 'data.example.org', 'localhost'))
    """
    names = {f"[{host}]" if ":" in host else host, "localhost", "127.0.0.1", "[::1]"}
    if base_url is not None:
        names.add(urlsplit(base_url).hostname or "")
    return tuple(sorted(name.lower() for name in names if name))
