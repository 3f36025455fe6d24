"""Starts the engines before pytest-django reads the settings, and stops them when pytest ends.

Loaded by `-p tests.plugin_engines` (pyproject.toml): a conftest.py would come too late. `--no-engines` is
for tests that read files only.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from whatsempoli.engines import EngineError, engines

# What the settings are in every test; DATABASE_URL and REDIS_URL are used where they are given.
TEST_ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "whatsempoli.settings",
    "TESTING": "1",
    "DEBUG": "0",
    "DEMO": "0",
    "SECRET_KEY": "only-for-tests-and-long-enough-to-please-the-deploy-check-of-django",
    "IDENTITY_KEY": "only-for-tests-the-key-that-turns-identities-into-hashes",
    "SECURE_COOKIES": "0",
    "SECOND_FACTOR_REQUIRED": "0",  # the tests of the second factor ask for it
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "SITE_URL": "http://127.0.0.1:8000",
    "SIMULATOR_URL": "",
    "WHATSAPP_BASE_URL": "http://127.0.0.1:9",  # a port where nobody listens
    "WHATSAPP_TOKEN": "test-token",
    "WHATSAPP_APP_SECRET": "test-app-secret",
    "WHATSAPP_VERIFY_TOKEN": "test-verify-token",
    "WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "102290129340398",
}

_running = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-engines", action="store_true", help="start no PostgreSQL and no Valkey")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    os.environ.update(TEST_ENVIRONMENT)
    options = early_config.known_args_namespace
    if not (options.no_engines or options.help or options.collectonly):
        try:
            os.environ.update(_running.enter_context(engines(None, durable=False)))
        except EngineError as error:
            raise pytest.UsageError(str(error)) from error
    yield


def pytest_unconfigure() -> None:
    _running.close()
