"""Where bytes live and queries run (ring: iaas).

Knows: folders, files, locks, the clock, Delta tables, readers of source files, engines that run staged SQL. Must not
know: what a layer is, what two clocks mean, what a planner looks for.

Rooms: `store` (a city's place), `table` (Delta tables over it), `source` (files in), `raster` (images and grids, in
and beside a table), `engine` (SQL over tables), `records` (transactional logs, on SQLite and PostgreSQL).
Beside them: `Clock`, `Job` (progress and cancellation), `bundle` (what travels with the package), `Keys` and `spool`
(sets of rows that may go to disk).

Start reading at `table/table.py`, then `engine/model.py`, then `source/registry.py`.
"""
