"""Words that come in and go out: taken down, written, queued with time to think again, sent once, kept as sent."""
