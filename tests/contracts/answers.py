"""What holds for every answer of the house, and a watch on what a read may write."""
from __future__ import annotations

import re
from contextlib import contextmanager

from django.db import connection

# Reading is itself noted, sessions move their last-seen, and the cache is no record.
NOT_BUSINESS = re.compile(r'^(?:INSERT INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+"?(?:django_session|suyuan_cache|platform_access\w*)"?[\s(]')
WRITES = re.compile(r"^\s*(?:INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER)\b", re.I)


def faults_of(answer) -> list[str]:
    """Headers that are missing on this answer, or too weak."""
    policy = {part.strip() for part in answer.get("Content-Security-Policy", "").split(";")}
    wanted = {
        "policy": "default-src 'none'" in policy
        and not any(word in part for part in policy for word in ("unsafe", "http:", "*"))
        and (policy == {"default-src 'none'", "sandbox"} or "frame-ancestors 'none'" in policy),
        "nosniff": answer.get("X-Content-Type-Options") == "nosniff",
        "frame": answer.get("X-Frame-Options") == "DENY",
        "referrer": answer.get("Referrer-Policy") in ("same-origin", "no-referrer"),
        "resource": answer.get("Cross-Origin-Resource-Policy") == "same-origin",
        "opener": answer.get("Cross-Origin-Opener-Policy") == "same-origin",
        "permissions": "camera=()" in answer.get("Permissions-Policy", ""),
        "no-store": answer.get("Cache-Control") == "no-store",
        "alive": answer.status_code < 500,
    }
    return [name for name, holds in wanted.items() if not holds]


@contextmanager
def business_writes():
    """Statements that change more than a session, the cache or the access log."""
    seen: list[str] = []

    def watch(execute, sql, params, many, context):
        if WRITES.match(sql) and not NOT_BUSINESS.match(sql):
            seen.append(sql[:120])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield seen
