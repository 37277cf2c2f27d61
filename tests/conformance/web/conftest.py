"""The towns of the services' tests, which are made once in a process."""

from tests.saas.web.conftest import auckland, place, shanghai

__all__ = ["auckland", "place", "shanghai"]
