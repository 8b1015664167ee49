from tests.cases.conftest import *  # noqa: F403
