"""The site's settings: one file, right for one machine, turned to many by environment variables.

| variable | meaning | default |
|---|---|---|
| `PODARIUM_VAR` | folder of everything that is written at run time | `var/` |
| `PODARIUM_DEBUG` | `1` for Django's debug pages | `0` |
| `PODARIUM_HOSTS` | host names, separated by commas, that the site answers to | this machine's |
| `PODARIUM_ORIGINS` | https origins that may post forms, separated by commas | none |
| `PODARIUM_HTTPS` | `1` when a proxy in front speaks https: secure cookies | `0` |
| `PODARIUM_SECRET_KEY` | Django's secret key | made on first start, kept in `var/secret-key` |
| `DATABASE_URL` | `postgres://user:password@host:port/name` | SQLite under `var/` |
| `REDIS_URL` | `redis://host:port/0`, for the channel layer | in memory |
"""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("PODARIUM_VAR", BASE_DIR / "var"))
VAR_DIR.mkdir(parents=True, exist_ok=True)


def _names(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


def _secret_key() -> str:
    """Return the secret key of this installation, made on first start and readable by its owner alone."""
    if key := os.environ.get("PODARIUM_SECRET_KEY"):
        return key
    path = VAR_DIR / "secret-key"
    try:
        # O_EXCL: when two processes start at once, one makes the key and the other reads it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(key := get_random_secret_key())
    return key


def _database() -> dict[str, object]:
    """Return Django's description of the database: PostgreSQL by DATABASE_URL, else SQLite under `var/`."""
    url = urlsplit(os.environ.get("DATABASE_URL", ""))
    if url.scheme in ("postgres", "postgresql"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.lstrip("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": url.hostname or "",
            "PORT": str(url.port or ""),
            "CONN_MAX_AGE": 60,
        }
    if url.scheme:
        raise ImproperlyConfigured(f"DATABASE_URL: unknown scheme {url.scheme!r}, only postgres:// is known")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR_DIR / "podarium.sqlite3",
        "OPTIONS": {
            # With IMMEDIATE a transaction takes the write lock at its start. A read that turns into a write half-way
            # fails at once with "database is locked", whatever the timeout; this never does.
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
                "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000; PRAGMA mmap_size=134217728;"
            ),
        },
    }


SECRET_KEY = _secret_key()
DEBUG = os.environ.get("PODARIUM_DEBUG") == "1"
ALLOWED_HOSTS = _names("PODARIUM_HOSTS") or ["127.0.0.1", "localhost", "[::1]", "testserver"]
CSRF_TRUSTED_ORIGINS = _names("PODARIUM_ORIGINS")

INSTALLED_APPS = [
    "playground",
    "playground.accounts",
    "playground.sandboxes",
    "playground.console",
    "playground.curriculum",
    "playground.classrooms",
    "playground.kubeapi",
    "playground.sharing",
    "channels",
    "django_htmx",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "playground.staticfiles.StaticFilesMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pages; it hides their length, so that nobody can guess at a token by it
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "playground.urls"
ASGI_APPLICATION = "playground.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    },
]

DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNEL_LAYERS: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"},
}
if redis_url := os.environ.get("REDIS_URL"):
    CHANNEL_LAYERS["default"] = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [redis_url]}}

# Accounts. A guest is a real user, so that nothing has to be moved when they sign up.
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "curriculum:catalogue"
LOGOUT_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 180 * 24 * 3600  # seconds; a guest has nothing but this cookie
SESSION_COOKIE_SAMESITE = "Lax"

# Languages. Both are first languages.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]  # each in its own words
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# The site serves its static files itself, compressed: `serve` puts copies into STATIC_ROOT. Without them, those that
# the finders know are served as they are, and a missing bundle must not stop a page.
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 60

# Security. Nothing inline, nothing from elsewhere.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-src": ["'self'"],  # what a forwarded port answers; see playground/console/ports.py
        "frame-ancestors": ["'none'"],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if os.environ.get("PODARIUM_HTTPS") == "1":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024  # bytes; a manifest may have as many as etcd would take, with room

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("PODARIUM_LOG", "WARNING")},
}

LESSONS_DIR = BASE_DIR / "lessons"
