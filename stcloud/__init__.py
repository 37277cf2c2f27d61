"""stcloud: a city's time-stamped layers, and what happened where and when."""
