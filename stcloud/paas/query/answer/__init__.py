"""Answers: what comes back from a query, the pin it was given at, pages (ring: paas, in query).

Knows: Arrow tables, instants, cursors. Must not know: plans, how an answer was found.

Nouns: `Answer`, `Pin` (the recorded instant of each layer, and the versions of rules of time), `Cursor` (where a page
ended), `Order`.
"""
