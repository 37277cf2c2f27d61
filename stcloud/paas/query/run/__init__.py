"""Running: a query put to its engine, and what is made of what the engine gives (ring: paas, in query).

Knows: engines, answers. Must not know: how people write queries.

Nouns: `Inquiry` (a query that is being answered), `Joining`, `Selection` (which groups are wanted), `Reason` (why a
row is in an answer); rates, comparisons, timelines and pages are made here.

Start reading at `inquiry.py`.
"""
