from tests.cases.conftest import *  # noqa: F403
from tests.platform.authority import authority, authority_made  # noqa: F401
