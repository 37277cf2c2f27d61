"""SQL trees: nodes, bound values, local time as integer arithmetic (ring: paas, in query).

Knows: sqlglot, instants, the rules of a zone. Must not know: plans, layers, engines.

Nouns: `column`, `select`, … (`tree.py`: nodes built one by one), `Binder` (values, bound by name), `WallClock` (local
time of a column of instants).

Tested by `tests/conformance/test_engines.py`.
"""
