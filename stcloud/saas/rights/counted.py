"""Questions about a layer of which only counts may be seen. Tested by `tests/saas/rights/test_permittedcity.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from stcloud.errors import InvalidInput
from stcloud.paas.query import Query
from stcloud.saas.rights.grants import not_permitted

__all__ = ["CountedQuery", "only_counts"]


def only_counts(layer: str) -> InvalidInput:
    """Return the error for rows of a layer of which only counts may be seen."""
    return not_permitted(f"of layer '{layer}' only counts and other measures may be seen, and no rows")


@dataclass(frozen=True, slots=True, repr=False)
class CountedQuery(Query):
    """A question whose measures may be seen, and whose rows may not: `InvalidInput` ``not-permitted``."""

    def _refuse(self) -> NoReturn:
        raise only_counts(self.subject.layer.name)

    def rows(self, *_: Any, **__: Any) -> Any:
        """Refuse rows."""
        self._refuse()

    def batches(self, *_: Any, **__: Any) -> Any:
        """Refuse rows."""
        self._refuse()

    def vector_tile(self, *place: int, by: str | Sequence[str] = (), **keywords: Any) -> Any:
        """Refuse tiles of rows; groups and their measures may be seen."""
        if not by:
            self._refuse()
        return Query.vector_tile(self, *place, by=by, **keywords)

    def joining(self, *_: Any, **__: Any) -> Any:
        """Refuse rows with their partners."""
        self._refuse()

    def join(self, *_: Any, **__: Any) -> Any:
        """Refuse rows with their partners."""
        self._refuse()

    def write_parquet(self, *_: Any, **__: Any) -> Any:
        """Refuse rows."""
        self._refuse()

    def why(self, *_: Any, **__: Any) -> Any:
        """Refuse what is known of a row."""
        self._refuse()

    def to_arrow(self) -> Any:
        """Refuse rows."""
        self._refuse()

    def to_pandas(self) -> Any:
        """Refuse rows."""
        self._refuse()

    def to_geopandas(self, *_: Any, **__: Any) -> Any:
        """Refuse rows."""
        self._refuse()
