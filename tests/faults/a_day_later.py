"""Run as a process of its own on a data folder: the collector, a day and an hour from now; what is left, as JSON."""
from __future__ import annotations

import json
import sys
from datetime import timedelta

import django


def main() -> None:
    django.setup()
    from django.conf import settings

    from suyuan.platform import clock
    from suyuan.platform.files import file_verify
    from suyuan.platform.files.jobs import orphans_collect, uploads_expire
    from suyuan.platform.models import StoredFile

    later = clock.now() + timedelta(hours=25)
    uploads_expire(later)
    orphans_collect(later)
    stored = list(StoredFile.objects.exclude(state="destroyed"))
    told = {
        "shas": [row.sha256 for row in stored],
        "damaged": [str(row.uid) for row in stored if file_verify(row)],
        "named": sorted(row.path for row in stored),
        "on_disk": sorted(path.name for path in settings.FILES_DIR.rglob("*") if path.is_file()),
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
