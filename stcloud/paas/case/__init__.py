"""Cases: what was reported about a component or a matter, and what became of it (ring: paas).

Knows: limits and clocks. Must not know: where logs lie, what the time is, who is signed in. All of it is pure.
"""
