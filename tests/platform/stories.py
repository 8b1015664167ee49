"""The fixed time and person of these tests."""
from datetime import UTC, datetime

from suyuan.kernel.actor import Actor

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
SOMEBODY = Actor("party", "3b0a5f0e-0000-4000-8000-000000000001")
