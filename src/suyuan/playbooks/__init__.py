"""Packs: law, calendars and procedure as data, loaded by hash, read back as frozen values."""
