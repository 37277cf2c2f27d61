"""A service: its cities, who asks, what they may see, and what it counts.

Tested by `tests/saas/web/test_service.py`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping

import stcloud
from stcloud.city import City
from stcloud.errors import InvalidInput, NotFound, StcloudError, Unsupported
from stcloud.iaas.clock import Clock, system_clock
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.oidc import OidcKeys
from stcloud.saas.rights.permits import Permits
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import ANONYMOUS, Principal
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web.background import in_background
from stcloud.saas.web.counts import ServiceCounts
from stcloud.saas.web.kept import Kept
from stcloud.saas.web.requestnotes import RequestNotes
from stcloud.saas.web.settings import Settings
from stcloud.saas.web.sharing.fileaddress import FileAddresses
from stcloud.saas.web.sharing.tablefiles import TableFiles

__all__ = ["Service"]

_LOG = logging.getLogger("stcloud.web")


class Service:
    """What requests are answered with; shared by all workers.

    Parameters
    ----------
    cities
        Open cities by the names that their addresses have; of one alone the name is in no address.
    settings
        How it answers.
    policy
        Who may see what; None: whoever reaches the service sees all, as the machine's own user does.
    tokens, audit
        Tokens that principals show; where it is noted what they were given.
    clock
        Returns the present instant, UTC microseconds.
    page_opened
        What is done once, beside the requests, when somebody first opens a console; None: nothing.
    """

    def __init__(
        self, cities: Mapping[str, City], settings: Settings | None = None, *, policy: Policy | None = None,
        tokens: Tokens | None = None, audit: AuditTrail | None = None, clock: Clock = system_clock,
        page_opened: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        from limits.storage import MemoryStorage  # noqa: PLC0415
        from limits.strategies import MovingWindowRateLimiter  # noqa: PLC0415

        self.cities = dict(cities)
        self.settings = settings or Settings()
        self.policy, self.clock = policy, clock
        self._page_opened = page_opened
        self.kept, self.counts = Kept(), ServiceCounts()
        self.notes = RequestNotes(audit, clock)
        self.table_files = TableFiles(self.settings.most_shared_bytes)
        self.file_addresses = FileAddresses(self.settings.file_address_s)
        self._tokens = tokens
        self._oidc = None if policy is None or policy.oidc is None else OidcKeys(policy.oidc)
        if policy is not None:
            policy.check_cities(self.cities)
        self._permits = (
            {}
            if policy is None
            else {name: Permits(city, policy, name=name) for name, city in cities.items()}
        )
        self._rate = self.settings.parsed_rate()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def principal(self, authorization: str | None) -> Principal:
        """Return who shows a header ``Authorization``; nobody without one.

        Raises
        ------
        InvalidInput
            ``not-signed-in``: the token is unknown, expired or revoked, or of another scheme.
        """
        if authorization is None:
            return ANONYMOUS
        scheme, _, token = authorization.strip().partition(" ")
        now_us = self.clock()
        if scheme.lower() == "bearer" and token.strip():
            for known in (self._tokens, self._oidc):
                principal = None if known is None else known.principal_of(token.strip(), now_us)
                if principal is not None:
                    return principal
        raise InvalidInput("not-signed-in", "the token is not valid", hint="show a valid one, or none")

    def admit(self, principal: Principal, address: str) -> None:
        """Count a request of a principal, or of an address where it is not known who asks.

        Raises
        ------
        Unsupported
            ``too-many-requests``.
        """
        who = address if principal.is_anonymous else principal.name
        if not self._limiter.hit(self._rate, principal.kind, who):
            raise Unsupported("too-many-requests", f"more than {self.settings.rate}", hint="ask more slowly")

    def note_page(self) -> None:
        """Do what is to be done when somebody opens a console: at the first time, and nobody waits for it."""
        begun, self._page_opened = self._page_opened, None
        if begun is not None:
            in_background(begun)

    def city(self, name: str, principal: Principal) -> City:
        """Return a city as a principal may see it; `NotFound` ``unknown-city``."""
        if name not in self.cities:
            raise NotFound("unknown-city", f"there is no city '{name}' here")
        return self._permits[name].city_for(principal) if self._permits else self.cities[name]

    def shows(self, name: str, principal: Principal) -> bool:
        """Tell whether a principal may know of a city: of several, of those that it is granted something of."""
        return len(self.cities) < 2 or not self._permits or self._permits[name].shows(principal)

    def withholds(self, name: str, principal: Principal, layers: Iterable[str], logs: Iterable[str]) -> bool:
        """Return whether a city has one of these layers or logs of cases, and a principal may not see it."""
        return name in self._permits and self._permits[name].withholds(principal, layers, logs)

    def rights(self, principal: Principal) -> str:
        """Return a digest of what a principal may see: answers of others are not theirs."""
        grants = "all" if self.policy is None else self.policy.grants(principal).digest
        return hashlib.sha256(f"{stcloud.__version__} {grants}".encode()).hexdigest()[:16]

    def file_reader(self, address: str) -> Principal:
        """Return to whom the address of a file was given, by its parameter ``token``; see `FileAddresses.read`."""
        return self.file_addresses.read(address, self.clock()).principal

    def renew(self) -> None:
        """Bring copies of what principals may see up to date; what was purged lies in none of them then."""
        for permits in self._permits.values():
            permits.renew()
        self.table_files.renew()

    def keep_trail(self) -> None:
        """Write down what was counted, and let the cities know of the audit trail where an hour is over."""
        self.notes.tend(self.cities)

    def close(self) -> None:
        """Note what was counted, close the cities, and remove the copies of what principals may see."""
        try:
            self.notes.close(self.cities)
        except StcloudError:
            _LOG.exception("the audit trail could not be kept")
        self.table_files.close()
        for permits in self._permits.values():
            permits.close()
        for city in self.cities.values():
            city.close()
