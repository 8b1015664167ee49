"""How a clinic's own rules are tried. No Django, no clock, no database."""

MOST_TEXTS = 2_000  # the newest: older words say little of how people write now
AT_ONCE = 200  # so many are read while the reader waits; more go to the worker, which says how far it is
