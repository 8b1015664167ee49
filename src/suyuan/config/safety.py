"""What may be served where. Pure, so that settings can ask before Django is there."""
from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]


def client_hosts(public_url: str) -> list[str]:
    """Host names this server answers to: the public one, and loopback for health checks."""
    host = urlsplit(public_url).hostname
    return [host, *LOOPBACK] if host and host not in LOOPBACK else list(LOOPBACK)
