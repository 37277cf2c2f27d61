"""Logs of cases that may be read, and not acted on. Tested by `tests/saas/rights/test_permittedcity.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from stcloud.city.caselogs import CasePlaces, open_case_log
from stcloud.city.casereader import CaseReader
from stcloud.saas.rights.grants import not_permitted

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.city.parts import CityParts
    from stcloud.iaas.clock import Clock

__all__ = ["ReadCases", "read_cases"]

_WRITING = frozenset({
    "act", "act_each", "add_rule", "address", "erase", "import_layer", "open", "outbox", "private", "publish",
    "readings",
})  # fmt: skip


class ReadCases(CaseReader):
    """A log of cases to be read; what would change it, or shows persons, is `InvalidInput` ``not-permitted``."""

    def __enter__(self) -> Self:
        """Return the cases themselves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the log."""
        self.close()

    def __getattr__(self, name: str) -> Any:
        if name in _WRITING:
            raise not_permitted(f"log '{self.name}' may be read, and not acted on")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def find(self, *given: Any, **keywords: Any) -> Any:
        """Search cases, as `CaseReader.find` does, without persons and free texts."""
        if keywords.get("reader") is not None:
            raise not_permitted(f"persons and free texts of log '{self.name}' may not be searched")
        return super().find(*given, **keywords)

    def close(self) -> None:
        """Close the log; may be called twice."""
        self._log.records.close()


def read_cases(city: City, parts: CityParts, name: str, clock: Clock) -> Any:
    """Open a log to be read; `NotFound` ``no-records``: there is none that may be read."""
    log = open_case_log(parts, city.configuration, name, clock)
    return ReadCases(city, name, log, CasePlaces(parts, city.configuration))
