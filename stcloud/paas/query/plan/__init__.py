"""Plans: what is wanted, as data, and what a condition is (ring: paas, in query).

A plan is a tuple of frozen operators; it holds what is wanted, never what was read. Knows: operators, groups, columns
as people see them, what a condition promises. Must not know: any one condition, other layers, engines.

Nouns: `Plan` with `Scan`, `Rows` and `Summary`, `Condition` (of a plan), `Resolved` (a condition that reads no other
layer: a mask, SQL and `Limits`, under one law), `Resolving` (what conditions are resolved with), `Writing` (what they
write SQL with), `Masking` (their masks over a batch), `RowKind`, `RowsOfKind` and `RowSource` (what queries know of
a kind of layers, what its conditions are resolved for, what its queries are compiled from).

Start reading at `plan.py`, then `condition.py` and `resolved.py`.

Tested by `tests/paas/query/spec/test_plan_json.py`.
"""
