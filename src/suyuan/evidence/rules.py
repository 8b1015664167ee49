"""What evidence may be: where it comes from, what is done with it, what is made of it."""
from __future__ import annotations

SOURCES = frozenset({"portal", "desk", "email", "import", "request", "derived"})

# What may happen to an item in somebody's hands. The first is written when it comes in.
CUSTODY = frozenset(
    {"received", "handed_over", "sealed", "unsealed", "copied", "sent_for_test", "returned", "shown", "destroyed"}
)

# Acts after which the item lies with somebody else.
PASSES_ON = frozenset({"handed_over", "sent_for_test", "returned"})

DERIVATIONS = frozenset({"preview", "thumbnail", "stripped", "redacted"})
