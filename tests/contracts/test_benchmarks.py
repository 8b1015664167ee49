"""The house that is measured is furnished by the demo's own hands: what changes there must not stop a measurement months later."""
from __future__ import annotations

import pytest

from benchmarks import house
from suyuan.accounts.models import User
from suyuan.cases.models import Case

pytestmark = pytest.mark.django_db


def test_a_house_to_be_measured_can_still_be_made(packs):
    house._people()
    house._grow(50)
    assert Case.objects.count() == 50 and User.objects.count() > 15
