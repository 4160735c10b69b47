"""What every test gets: stored objects that raise when somebody changes them, and a database like the site's."""

import os
import signal

import pytest

os.environ["PODARIUM_FREEZE"] = "1"
# A shell starts what runs in the background with Ctrl-C ignored, and what the tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The tests' database is a file, as the site's: SQLite in memory knows no WAL and locks otherwise."""
    from django.db import connections

    connections["default"].settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "site.sqlite3")
