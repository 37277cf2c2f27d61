"""The facade: a city in a folder, its layers, loads and queries (ring: city).

It composes what lies below and decides nothing. Knows: the rooms of daas and paas. Must not know: commands, pages.

Nouns: a `City`, made by `create` and opened by `open`.

Start reading at `methods`, whose classes make up `City`; each method names the file that answers.
"""

from stcloud.city.city import City
from stcloud.city.opening import create, open  # noqa: A004  (st.open reads as it should)

__all__ = ["City", "create", "open"]
