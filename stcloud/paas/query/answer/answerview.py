"""What a result has that shows itself as an answer: tables, frames, records, a length.

Tested by `tests/paas/query/answer/test_answerview.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas
    import pandas as pd
    import pyarrow as pa

    from stcloud.paas.query.answer.answer import Answer
    from stcloud.space import GivenCRS

__all__ = ["AnswerView"]


class AnswerView(ABC):
    """A result that can be looked at as an answer."""

    __slots__ = ()

    @abstractmethod
    def answer(self) -> Answer:
        """Return the answer, in every format."""

    def to_arrow(self) -> pa.Table:
        """Return the table of `answer`."""
        return self.answer().to_arrow()

    def to_pandas(self) -> pd.DataFrame:
        """Return the table of `answer` as a DataFrame."""
        return self.answer().to_pandas()

    def to_geopandas(self, crs: GivenCRS | None = None) -> geopandas.GeoDataFrame:
        """Return a GeoDataFrame in the city's CRS, or in ``crs``."""
        return self.answer().to_geopandas(crs)

    def to_records(self) -> list[dict[str, Any]]:
        """Return the rows as dicts."""
        return self.answer().to_records()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the table as a capsule of the Arrow C stream interface."""
        return self.answer().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return len(self.answer())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give each row as a dict."""
        return iter(self.answer())

    def __repr__(self) -> str:
        return repr(self.answer())

    def _repr_html_(self) -> str:
        return self.answer()._repr_html_()
