"""Settings from the environment, safe by default.

SUYUAN_DATA        folder of everything that changes (database, files); required
SUYUAN_KEYS        master key file; outside the data folder, except in the demo
SUYUAN_DATABASE    postgresql://user:password@host:port/name; empty = SQLite in the data folder
SUYUAN_PUBLIC_URL  the address people type, e.g. https://complaints.example.org; empty = loopback only
SUYUAN_PROXIES     comma-separated addresses of reverse proxies whose forwarded headers are believed
SUYUAN_SMTP        smtp://user:password@host:port or smtps://…; empty = mail waits in the queue
SUYUAN_MAIL_FROM   the clinic's sender address
SUYUAN_REPLY_TO    where mails are answered, e.g. reply@clinic.example.org, whose server delivers reply+anything@ too; empty = none
SUYUAN_IMAP        imaps://user:password@host/folder from which answers are fetched; empty = none (or: suyuan mail take)
SUYUAN_LINE_TOKEN    channel access token of the LINE Official Account (Messaging API); empty = nothing leaves by LINE
SUYUAN_LINE_SECRET   its channel secret, by which we know LINE's own calls; empty = none is believed
SUYUAN_LINE_ACCOUNT  its basic ID as people add it, e.g. @123abcde; empty = nobody is asked to link a LINE account
SUYUAN_LINE_API      where the Messaging API answers; empty = https://api.line.me
SUYUAN_LINE_DATA     where it hands out pictures and files that people sent; empty = https://api-data.line.me
SUYUAN_SMS           mitake://user:password@smsb2c.mitake.com.tw/b2c/mtk?longest=70; empty = nothing leaves by SMS
SUYUAN_OPINION_URL   a language model in the house that speaks the OpenAI protocol, e.g. http://127.0.0.1:8080/v1; empty = nobody is asked
SUYUAN_OPINION_KEY   its key, where it wants one
SUYUAN_OPINION_MODEL what it calls its model
SUYUAN_SCANNER     a virus scanner (clamd): tcp://host:port or unix:///path/to/socket; empty = files are shown as not scanned
SUYUAN_FILES       s3://bucket/prefix?endpoint=…&region=…: files go there; empty = the folder `files` in the data folder
SUYUAN_TIMESTAMP_URL    authority for time stamps (RFC 3161), asked once a day; empty = none
SUYUAN_TIMESTAMP_ROOTS  its root certificates, a PEM file; empty = its signature is not checked here
SUYUAN_COSIGN_DAYS      within how many days somebody else co-signs a checkpoint; empty = nobody is asked to
SUYUAN_DEMO        1 only for the demo clinic
"""
from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from suyuan.config.folders import packs_folder
from suyuan.config.safety import client_hosts

PACKAGE = Path(__file__).resolve().parent.parent


def _env(name: str, default: str = "") -> str:
    return os.environ.get(f"SUYUAN_{name}", default).strip()


DEMO = _env("DEMO") == "1"
if not _env("DATA"):
    raise ImproperlyConfigured("SUYUAN_DATA names no folder; start with the suyuan command, which sets it")
DATA_DIR = Path(_env("DATA")).resolve()
KEYS_FILE = Path(_env("KEYS") or DATA_DIR / "demo-master.key").resolve()
PUBLIC_URL = _env("PUBLIC_URL").rstrip("/")
TRUSTED_PROXIES = [p.strip() for p in _env("PROXIES").split(",") if p.strip()]
HTTPS = PUBLIC_URL.startswith("https://")

DEBUG = False
BASE_DIR = PACKAGE
ROOT_URLCONF = "suyuan.config.urls"
WSGI_APPLICATION = "suyuan.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
ALLOWED_HOSTS = client_hosts(PUBLIC_URL)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
APPEND_SLASH = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres" if _env("DATABASE") else "django.contrib.humanize",
    "django_htmx",
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "suyuan.platform",
    "suyuan.ui",
    "suyuan.accounts",
    "suyuan.playbooks",
    "suyuan.people",
    "suyuan.evidence",
    "suyuan.correspondence",
    "suyuan.cases",
    "suyuan.portal",
    "suyuan.desk",
    "suyuan.config",
]

MIDDLEWARE = [
    "suyuan.platform.http.EveryResponse",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "suyuan.platform.http.RequestTime",
    "suyuan.accounts.middleware.StaffSession",
    "suyuan.platform.http.Refusals",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "suyuan.ui.templatetags.sy",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "suyuan.config.context.house",
            ],
        },
    }
]


def _database() -> dict[str, object]:
    if dsn := _env("DATABASE"):
        parts = urlsplit(dsn)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "suyuan.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
    }


DATABASES = {"default": _database()}

CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "suyuan_cache"}}

# --- people and sessions -------------------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
if DEMO:  # the demo's passwords stand in the README: slow hashing would protect nothing and cost its first start
    PASSWORD_HASHERS = ["suyuan.config.demo.hasher.DemoHasher"]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "desk:today"
STAFF_IDLE_SECONDS = 15 * 60
STAFF_ABSOLUTE_SECONDS = 12 * 60 * 60
SESSION_COOKIE_AGE = STAFF_ABSOLUTE_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "suyuan.config.errors.csrf_failure"
_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_PREFIX}suyuan_session"
CSRF_COOKIE_NAME = f"{_PREFIX}suyuan_csrf"
LANGUAGE_COOKIE_NAME = f"{_PREFIX}suyuan_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS  # the scheme comes from gunicorn, which believes named proxies only
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- words and time ------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hant"
LANGUAGES = [("zh-hant", "繁體中文"), ("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Taipei"
UI_NOW = "suyuan.platform.clock.now"

# --- files ---------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(_env("STATIC") or DATA_DIR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_HANDLERS = [
    "suyuan.platform.files.forms.NoLargerThanAForm",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILES_DIR = DATA_DIR / "files"
FILES_STORE = _env("FILES")
SCANNER_URL = _env("SCANNER")
PACKS_DIR = packs_folder()

# --- mail ----------------------------------------------------------------------------------------------------------
SMTP_URL = _env("SMTP")
MAIL_FROM = _env("MAIL_FROM")
REPLY_TO = _env("REPLY_TO")
IMAP_URL = _env("IMAP")

# --- LINE and SMS --------------------------------------------------------------------------------------------------
LINE_TOKEN = _env("LINE_TOKEN")
LINE_SECRET = _env("LINE_SECRET")
LINE_ACCOUNT = _env("LINE_ACCOUNT")
LINE_API = _env("LINE_API") or "https://api.line.me"
LINE_DATA = _env("LINE_DATA") or "https://api-data.line.me"
SMS_URL = _env("SMS")

# --- a second opinion on words, from this machine or the house's own network ------------------------------------------
OPINION_URL = _env("OPINION_URL")
OPINION_KEY = _env("OPINION_KEY")
OPINION_MODEL = _env("OPINION_MODEL")

# --- who else sees our checkpoints ---------------------------------------------------------------------------------
TIMESTAMP_URL = _env("TIMESTAMP_URL")
TIMESTAMP_ROOTS = _env("TIMESTAMP_ROOTS")
_days = _env("COSIGN_DAYS") or "0"
if not (_days.isascii() and _days.isdigit() and int(_days) <= 3_660):
    raise ImproperlyConfigured("SUYUAN_COSIGN_DAYS is a number of days")
COSIGN_DAYS = int(_days)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {
            "()": "suyuan.config.logs.WithoutWords",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "suyuan": {"level": "INFO"},
        "django.request": {"level": "ERROR"},
        # A foreign Host header is answered with 400 and is nobody's fault here.
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []

from suyuan.platform.keys import django_secret  # noqa: E402  (needs nothing of Django's)

SECRET_KEY = django_secret(KEYS_FILE)
