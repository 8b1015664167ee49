"""What runs in a process of its own, in limits, over documents that people hand in to be checked. No Django in here."""
