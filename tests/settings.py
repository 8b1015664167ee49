"""The product's own settings, over a throw-away folder and key; PostgreSQL when SUYUAN_TEST_DB=postgres."""
from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_folder = Path(tempfile.mkdtemp(prefix="suyuan-test-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["SUYUAN_DATA"] = str(_folder)
os.environ["SUYUAN_KEYS"] = str(_folder / "master.key")
os.environ.setdefault("SUYUAN_DEMO", "")
for _name in ("DATABASE", "PUBLIC_URL", "PROXIES", "SMTP", "MAIL_FROM", "FILES", "SCANNER", "SMS", "LINE_TOKEN", "LINE_SECRET", "OPINION_URL", "OPINION_KEY", "OPINION_MODEL"):
    os.environ.pop(f"SUYUAN_{_name}", None)

if os.environ.get("SUYUAN_TEST_DB") == "postgres":
    from tests.postgres import server_dsn

    os.environ["SUYUAN_DATABASE"] = server_dsn()

from suyuan.platform.keys import master_create  # noqa: E402

master_create(_folder / "master.key")

from suyuan.config.settings import *  # noqa: E402,F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405  (whitenoise warns about a folder that is not there)
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
ACCESS_WRITER = False  # a test's rows share its transaction; who looks at the log calls access.flush()
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.sqlite3")}  # noqa: F405
