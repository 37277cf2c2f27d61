"""Requests of other cities, read from their Open311 services into a file that is loaded.

Ring: saas. It knows HTTP and Open311; it must not know layers or loads: what it reads is a file like any other.
Nouns: the reader (`politereader.py`) asks a server for pages, a harvest (`harvest.py`) reads a span of time piece by
piece and goes on where it was stopped. Nothing here touches the network before `harvest` is called.

Tested by `tests/saas/harvest`.
"""

from __future__ import annotations

from stcloud.saas.harvest.harvest import Harvest, harvest

__all__ = ["Harvest", "harvest"]
