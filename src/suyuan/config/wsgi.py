"""What gunicorn serves. Refuses to stand on a database that does not guard its records."""
from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "suyuan.config.settings")

application = get_wsgi_application()


def _refuse_to_serve() -> None:
    from suyuan.config import health, up
    from suyuan.platform import clock

    up.refuse_debug()
    up.refuse_old_schema()
    found = health.look(clock.now())
    if not found.ready:
        raise SystemExit(f"not ready to serve: {found.checks}")


_refuse_to_serve()
