"""The site of tests/site: its worker, its people and its browsers."""

from tests.site.conftest import instructor, learner, make_sandbox, sandbox, site, stranger

__all__ = ["instructor", "learner", "make_sandbox", "sandbox", "site", "stranger"]
