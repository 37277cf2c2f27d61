"""What each principal may see of a city, kept while the city is served.

Tested by `tests/saas/rights/test_permits.py`.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.iaas.store.folder import is_name
from stcloud.saas.rights.permittedcity import PermittedCity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stcloud.city import City
    from stcloud.saas.rights.policy import Policy
    from stcloud.saas.rights.principal import Principal

__all__ = ["Permits"]


class Permits:
    """The parts of a city that principals may see; who may do the same shares one.

    Parameters
    ----------
    city, policy
        The city, and the policy, which is checked: `InvalidDefinition` ``invalid-policy``.
    folder
        Where copies of layers are kept of which only some rows may be seen; None: a new temporary folder.
    name
        What rules call the city; None: its own name.
    """

    def __init__(
        self, city: City, policy: Policy, folder: Path | None = None, *, name: str | None = None
    ) -> None:
        self.name = city.name if name is None else name
        policy.check(city, self.name)
        self.city, self.policy = city, policy
        self._temporary = (
            None if folder is not None else tempfile.TemporaryDirectory(prefix="stcloud-rights-")
        )
        self._own = Path(self._temporary.name) if self._temporary is not None else Path(folder or "")
        self._cities: dict[str, PermittedCity] = {}
        self._lock = threading.Lock()

    def city_for(self, principal: Principal) -> PermittedCity:
        """Return the city as a principal may see it."""
        grants = self.policy.grants(principal, self.name)
        with self._lock:
            if grants.digest not in self._cities:
                self._cities[grants.digest] = PermittedCity(self.city, grants, self._own / grants.digest[:16])
            return self._cities[grants.digest]

    def shows(self, principal: Principal) -> bool:
        """Tell whether a principal may do anything with what the city holds; else nothing is said of it."""
        grants = self.policy.grants(principal, self.name)
        return bool(grants.rules) and grants.reach(self.city.parts.catalogue.names(), self.city.case_logs)

    def withholds(self, principal: Principal, layers: Iterable[str], logs: Iterable[str]) -> bool:
        """Return whether one of these layers or logs of cases is there, and a principal may not see it.

        It is for who keeps the service, and for nobody whose question it is about: no answer depends on it.
        """
        grants, catalogue = self.policy.grants(principal, self.name), self.city.parts.catalogue
        naming = catalogue.naming
        present = {naming.name_of(naming.folder_of(name)) for name in layers if is_name(name)}
        unseen = [name for name in present.intersection(catalogue.names()) if grants.of(name) is None]
        unseen += [
            log for log in set(logs).intersection(self.city.case_logs()) if not grants.shows_cases(log)
        ]
        return bool(unseen)

    def renew(self) -> None:
        """Bring all copies up to date: after a purge, what was purged lies in none of them."""
        with self._lock:
            cities = list(self._cities.values())
        for city in cities:
            city.renew()

    def close(self) -> None:
        """Let go of all copies; the city stays open."""
        with self._lock:
            for city in self._cities.values():
                city.close()
            self._cities = {}
        if self._temporary is not None:
            self._temporary.cleanup()
