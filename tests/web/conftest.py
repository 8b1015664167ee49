"""The same cast at the same browsers as on the desk."""
from tests.desk.conftest import browser, cast, make_case, noon, static_folder  # noqa: F401
