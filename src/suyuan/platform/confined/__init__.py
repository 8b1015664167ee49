"""What runs in a process of its own, in limits, over bytes a stranger sent. No Django, no database, no keys in here."""
