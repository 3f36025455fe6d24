"""Every setting, read once from the environment.

A missing or wrong value is named by a system check (whatsempoli/checks.py) with a hint, so that the
small tools that need no database and no secret run from a bare checkout.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()  # NAME_FILE is read where NAME is not set
environ.Env.read_env(BASE_DIR / ".env", overwrite=False)

# --- What this installation is -------------------------------------------------------------------
DEMO: bool = env.bool("DEMO", default=False)
TRAINING: bool = env.bool("TRAINING", default=False)  # the demo as an office's practice ground
DEBUG: bool = env.bool("DEBUG", default=False)
DEMO_PASSWORD: str = env.str("DEMO_PASSWORD", default="")  # shown on the log-in page, in the demo only
SECRET_KEY: str = env.str("SECRET_KEY", default="insecure-only-for-tools-without-a-server")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
SITE_URL: str = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
SIMULATOR_URL: str = env.str("SIMULATOR_URL", default="").rstrip("/")  # the phone page, in the demo only
CSRF_TRUSTED_ORIGINS: list[str] = [SITE_URL] if SITE_URL.startswith("https://") else []

# --- Applications -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "whatsempoli.apps.ProjectConfig",
    "whatsempoli.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
    "bootstrap_italia_template",
    "staff",
    "policy",
    "subscribers",
    "broadcasts",
]

MIDDLEWARE = [
    "whatsempoli.logs.RequestIds",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "policy.page.KeptPages",  # after what puts headers on every answer, before what looks at who asks
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "staff.once.LookMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "staff.where.Whereabouts",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "staff.middleware.SecondFactorMiddleware",
]

CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

ROOT_URLCONF = "whatsempoli.urls"
WSGI_APPLICATION = "whatsempoli.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "policy.context.town",
                "whatsempoli.clockbar.context",
            ],
        },
    },
]

# --- Database, cache, broker ---------------------------------------------------------------------
DATABASE_URL: str = env.str("DATABASE_URL", default="")
_database = environ.Env.db_url_config(DATABASE_URL or "postgres://whatsempoli@127.0.0.1/whatsempoli")
_database["HOST"] = unquote(_database["HOST"])  # a socket's folder is written percent-encoded
DATABASES = {"default": {**_database, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# redis://host:6379/0 or unix:///path/to.sock; Celery wants the second spelled redis+socket://
REDIS_URL: str = env.str("REDIS_URL", default="")
CACHES = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 2},  # seconds: the provider's POST must not hang with it
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

CELERY_BROKER_URL: str = REDIS_URL.replace("unix://", "redis+socket://") or "memory://"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Tasks are wake-up calls and the rows are the truth, so a lost or repeated one is harmless; the
# waits are short so that a worker killed with its message gives it back soon (ENGINE.md D1).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 15,
    "socket_connect_timeout": 5,
    "socket_keepalive": not REDIS_URL.startswith("unix:"),
    "health_check_interval": 20,
}
CELERY_TASK_DEFAULT_QUEUE = "routine"
CELERY_TASK_ROUTES = {
    # an emergency must not wait for a routine slice to end before anybody notices that it is due
    "broadcasts.release": {"queue": "emergency"},
    "broadcasts.send_emergency": {"queue": "emergency"},
    "broadcasts.send_replies": {"queue": "replies"},
    "broadcasts.hand_over_files": {"queue": "replies"},
    "broadcasts.tell_staff": {"queue": "replies"},  # a call at night waits for no routine slice
    "broadcasts.alarms": {"queue": "replies"},
    "broadcasts.take_in": {"queue": "intake"},
    "broadcasts.tally": {"queue": "intake"},
    "broadcasts.write_site": {"queue": "intake"},  # while a notice leaves is when its page is read
}
CELERY_BEAT_SCHEDULE = {
    "release": {"task": "broadcasts.release", "schedule": 2.0, "options": {"expires": 10}},
    "sweep": {"task": "broadcasts.sweep", "schedule": 5.0, "options": {"expires": 10}},
    "letters": {"task": "broadcasts.send_letters", "schedule": 15.0, "options": {"expires": 15}},
    "tell_staff": {"task": "broadcasts.tell_staff", "schedule": 10.0, "options": {"expires": 10}},
    "mail_list": {"task": "broadcasts.mail_list", "schedule": 15.0, "options": {"expires": 30}},
    "templates": {"task": "broadcasts.templates", "schedule": 3600.0, "options": {"expires": 3600}},
    "alarms": {"task": "broadcasts.alarms", "schedule": 30.0, "options": {"expires": 30}},
    "tally": {"task": "broadcasts.tally", "schedule": 5.0, "options": {"expires": 10}},
    "reconsent": {"task": "broadcasts.reconsent", "schedule": 60.0, "options": {"expires": 60}},
    "plan": {"task": "broadcasts.plan", "schedule": 1800.0, "options": {"expires": 1800}},
    "purge": {"task": "broadcasts.purge", "schedule": 3600.0, "options": {"expires": 3600}},
}
# Nothing of the business is scheduled by the broker: «release» and «sweep» read the database.
CELERY_TIMEZONE = "Europe/Rome"

# --- People who log in ---------------------------------------------------------------------------
AUTH_USER_MODEL = "staff.User"
LOGIN_URL = "admin:login"
AUTHENTICATION_BACKENDS = [
    "staff.powers.PowersBackend",
    "staff.mandates.MandateBackend",  # a deputy, and who is on duty, approve for a time
]
# Approvers and administrators prove a second factor at the log-in; in the demo who sets one up does.
SECOND_FACTOR_REQUIRED: bool = env.bool("SECOND_FACTOR_REQUIRED", default=not DEMO)
OTP_TOTP_ISSUER: str = urlsplit(SITE_URL).hostname or "localhost"  # the name in the person's app
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
# A demo on http://127.0.0.1 has no TLS; anything else is expected to.
SECURE_COOKIES: bool = env.bool("SECURE_COOKIES", default=not (DEMO or DEBUG))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if SECURE_COOKIES else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = bool(SECURE_HSTS_SECONDS)
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=SECURE_COOKIES)
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, without TLS
# A proxy that ends TLS says so in this header, and must strip it from what comes from outside.
BEHIND_TLS_PROXY: bool = env.bool("BEHIND_TLS_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The keys that turn identities into hashes live apart from SECRET_KEY: that one may be rotated.
IDENTITY_KEY: str = env.str("IDENTITY_KEY", default=SECRET_KEY)
# Where stops and erasures are written a second time, on another disk than the database's if there is one.
JOURNAL_DIR: str = env.str("JOURNAL_DIR", default="")

# Backups are written here, encrypted with this key (broadcasts/backup.py).
BACKUP_DIR: str = env.str("BACKUP_DIR", default="")
BACKUP_KEY: str = env.str("BACKUP_KEY", default="")
BACKUP_KEEP_DAYS: int = env.int("BACKUP_KEEP_DAYS", default=14)

# --- What the service writes to its own people ------------------------------------------------------
# smtp://user:password@host:587, smtp+tls://…; in the demo nothing leaves this computer.
vars().update(env.email_url("EMAIL_URL", default="dummymail://" if DEMO else "smtp://localhost:25"))
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL: str = env.str(
    "EMAIL_FROM", default=f"avvisi@{urlsplit(SITE_URL).hostname or 'localhost'}"
)

# --- What pages may load ---------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap Italia's style sheet holds small SVGs as data:
        "font-src": [SELF, "data:"],  # and one small font
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- Language and time -----------------------------------------------------------------------------
LANGUAGE_CODE = "it"
LANGUAGES = [("it", _("Italiano")), ("en", _("Inglese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Europe/Rome"
USE_TZ = True
FORMAT_MODULE_PATH = ["whatsempoli.formats"]

# --- Files -------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEMO or DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEMO or DEBUG or env.bool("TESTING", default=False)
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / "media")))
# A folder that is kept up to what is published, for a web server of files beside ours; "" for none.
PUBLIC_DIR: str = env.str("PUBLIC_DIR", default="")
if PUBLIC_DIR:
    CELERY_BEAT_SCHEDULE["write_site"] = {
        "task": "broadcasts.write_site",
        "schedule": 2.0,
        "options": {"expires": 4},
    }
# The provider posts up to 3 MB (WHATSAPP.md §3.1); Django's own limit would answer 400 at 2.5 MB.
WEBHOOK_MAX_BYTES = 3 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = WEBHOOK_MAX_BYTES + 1024

# --- The provider ------------------------------------------------------------------------------------
WHATSAPP_BASE_URL: str = env.str("WHATSAPP_BASE_URL", default="https://graph.facebook.com").rstrip("/")
WHATSAPP_API_VERSION: str = env.str("WHATSAPP_API_VERSION", default="v25.0")
WHATSAPP_TOKEN: str = env.str("WHATSAPP_TOKEN", default="")
WHATSAPP_PHONE_NUMBER_ID: str = env.str("WHATSAPP_PHONE_NUMBER_ID", default="")
WHATSAPP_BUSINESS_ACCOUNT_ID: str = env.str("WHATSAPP_BUSINESS_ACCOUNT_ID", default="")
# Only for notices with a picture or a PDF: the example files of their templates are uploaded to the app.
WHATSAPP_APP_ID: str = env.str("WHATSAPP_APP_ID", default="")
WHATSAPP_APP_SECRETS: list[str] = env.list("WHATSAPP_APP_SECRET", default=[])  # two while one is rotated
WHATSAPP_VERIFY_TOKEN: str = env.str("WHATSAPP_VERIFY_TOKEN", default="")
# Messages a second the number may send. Where it is not set the provider's own word counts, 80 until it came.
WHATSAPP_RATE: int = env.int("WHATSAPP_RATE", default=80)
WHATSAPP_RATE_TOLD: bool = "WHATSAPP_RATE" not in os.environ
# Per cent of the provider's people a day (WHATSAPP.md §5.2) that only an emergency may use.
WHATSAPP_EMERGENCY_RESERVE: int = env.int("WHATSAPP_EMERGENCY_RESERVE", default=20)
WHATSAPP_CONNECTIONS: int = env.int("WHATSAPP_CONNECTIONS", default=300)  # per worker process

# --- Error reports: mailed to whoever looks after the server, without values and with numbers masked ---
ADMINS: list[tuple[str, str]] = [("", address) for address in env.list("ADMINS", default=[])]
# Alarms go to these, e-mail addresses; to the same people if nothing is said.
ALARMS_TO: list[str] = env.list("ALARMS_TO", default=[address for _name, address in ADMINS])
# One message a day to this phone proves the whole road (broadcasts/canary.py); none without it.
CANARY_PHONE: str = env.str("CANARY_PHONE", default="")
CANARY_HOUR: int = env.int("CANARY_HOUR", default=8)
DEFAULT_EXCEPTION_REPORTER = "whatsempoli.error_reports.MaskedReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "whatsempoli.error_reports.NoValues"

# --- Numbers for a monitoring system ------------------------------------------------------------------
# The word it sends as «Authorization: Bearer …» to read /metrics; without one only logged-in people may.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")

# --- Logs: what happened, never to whom --------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no_numbers": {"()": "whatsempoli.logs.NoNumbers"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "whatsempoli.logs.AsJson"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["no_numbers"],
            "formatter": "json" if env.bool("LOG_JSON", default=False) else "line",
        },
        "mail": {
            "class": "django.utils.log.AdminEmailHandler",
            "filters": ["no_numbers"],
            "level": "ERROR",
        },
    },
    "root": {"handlers": ["console", "mail"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
