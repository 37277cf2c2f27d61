"""Where bytes live and queries run (ring: iaas).

Knows: folders, files, locks, the clock, Delta tables, readers of source files, engines that run
staged SQL. Must not know: what a layer is, what two clocks mean, what a planner asks.

Nouns: `Folder` (a city's place on disk), `Table` and `Snapshot` (a Delta table, one version of it),
`Source` (rows of a file, as text, in batches), `Sorter` (external sort), `Engine` and `Stage`
(SQL → function over Arrow batches → SQL), `Job` (progress and cancellation), `Clock`.

Start reading at `table.py`, then `engine.py`.
"""
