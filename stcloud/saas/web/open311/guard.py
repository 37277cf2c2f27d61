"""The guard before a desk: how often an address may report, and that nobody reports the same again and again.

It counts in the memory of one process.

Tested by `tests/saas/web/open311/test_guard.py`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from stcloud.errors import Conflict, Unsupported
from stcloud.saas.web.open311.report import PublicReport

__all__ = ["AGAIN_US", "ReportGuard", "network_of"]

AGAIN_US = 10 * 60 * 1_000_000
"""How long a text may not be reported again."""
_LONG_TEXT = 40
"""From so many characters a text is that of one reporter, whatever address it comes from."""
_MOST_TEXTS = 10_000


class ReportGuard:
    """Counts reports of addresses, and remembers the texts of the last minutes.

    Parameters
    ----------
    rate
        Most reports of one network, such as ``"30/minute"``.
    """

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._texts: OrderedDict[str, tuple[int, str | None]] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, address: str) -> None:
        """Count a report of an address; `Unsupported` ``too-many-requests``, with ``retry_after_s`` as context."""
        network = network_of(address)
        if not self._limiter.hit(self._rate, "open311", network):
            reset_s = self._limiter.get_window_stats(self._rate, "open311", network).reset_time
            raise Unsupported(
                "too-many-requests", f"more than {self._rate} reports come from this address",
                hint="try again later", retry_after_s=max(1, math.ceil(reset_s - time.time())),
            )  # fmt: skip

    @contextmanager
    def once(self, report: PublicReport, address: str, key: str | None, now_us: int) -> Iterator[None]:
        """Remember a report while it is filed, and after it was; a report that is refused is forgotten.

        Parameters
        ----------
        report, address, now_us
            The report, where it comes from, and when.
        key
            Its sender's identity of it: with the same, it is the same report, which may be sent again.

        Raises
        ------
        Conflict
            ``repeated-report``: the same text came from there in the last ten minutes, or a long one from anywhere.
        """
        names = _names_of(report, network_of(address))
        with self._lock:
            self._forget(now_us)
            for name in names:
                since_us, known = self._texts.get(name, (None, None))
                if since_us is not None and (key is None or known != key):
                    raise Conflict(
                        "repeated-report", "the same was reported a few minutes ago",
                        hint="it is filed already; send a header Idempotency-Key to send a report again safely",
                    )  # fmt: skip
            before = {name: self._texts.get(name) for name in names}
            for name in names:
                self._texts[name] = (now_us, key)
                self._texts.move_to_end(name)
        try:
            yield
        except BaseException:
            with self._lock:
                for name, kept in before.items():
                    if kept is None:
                        self._texts.pop(name, None)
            raise

    def _forget(self, now_us: int) -> None:
        while self._texts:
            name, (since_us, _) = next(iter(self._texts.items()))
            if len(self._texts) <= _MOST_TEXTS and now_us - since_us < AGAIN_US:
                return
            del self._texts[name]


def network_of(address: str) -> str:
    """Return what is counted as one sender: an address of IPv4, the network of 64 bits of one of IPv6.

    >>> network_of("192.0.2.7"), network_of("2001:db8:1:2:3:4:5:6"), network_of("testclient")
    ('192.0.2.7', '2001:db8:1:2::/64', 'testclient')
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _names_of(report: PublicReport, network: str) -> tuple[str, ...]:
    """Return digests of what a report may be known by: no text is kept."""
    text = " ".join(report.description.casefold().split())
    names = [_digest(network, report.code, text)]
    return tuple(names if len(text) < _LONG_TEXT else [*names, _digest("", report.code, text)])


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
