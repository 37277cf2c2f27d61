"""Conditions: values that say which columns they need, describe themselves, and decide rows (ring: paas, in query).

A resolved condition tells the same truth in three forms: a mask over a batch (exact), SQL (exact, or a superset
where SQL cannot say it), and bounds of files (a superset). The law: ``mask`` ⊆ ``sql`` ⊆ ``bounds``.

Knows: columns, instants, SQL expressions, what the log knows of files. Must not know: other layers, engines,
answers.

Nouns: `Known` (what was believed at a recorded instant), `AsOf` and `Related` (how the period of a row lies to a
time).
"""
