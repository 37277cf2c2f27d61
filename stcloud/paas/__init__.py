"""What one can ask (ring: paas).

Rooms, of which each knows only those before it: `cache` (what a city keeps in memory), `cube` and `grid` (space-time
cubes, the unit grid), `query` (questions), `series` and `scene` (what was measured), `episode` (when it was beyond a
threshold), `conflict` (where plans contradict each other), `case` (reports from filing to evaluation).
"""
