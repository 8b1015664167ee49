"""Dates beyond the published calendar are provisional, and counted again when it is published."""
from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest
from django.conf import settings
from ruamel.yaml import YAML

from suyuan.cases.jobs import recount
from suyuan.cases.models import CaseClock
from suyuan.kernel.actor import SYSTEM
from suyuan.playbooks import selectors
from suyuan.playbooks.services import packs_load
from tests.cases.cast import facts_of

LATE_IN_THE_YEAR = datetime(2026, 12, 22, 2, 0, tzinfo=UTC)


@pytest.fixture
def published(tmp_path):
    """The Taiwanese calendar with one more holiday on 4 January 2027, now official."""
    folder = tmp_path / "packs"
    shutil.copytree(settings.PACKS_DIR / "calendars" / "tw", folder / "calendars" / "tw")
    yaml = YAML()
    days = folder / "calendars" / "tw" / "days.yaml"
    told = yaml.load(days)
    told["official_until"] = "2027-12-31"
    for year in told["years"]:
        if year["id"] == 2027:
            year["status"] = "official"
    told["days"].append(
        {"id": "2027-01-04", "kind": "holiday", "name": {"zh-Hant": "示範補假", "zh-Hans": "示范补假", "en": "Example day"}}
    )
    yaml.dump(told, days)
    manifest = folder / "calendars" / "tw" / "pack.yaml"
    about = yaml.load(manifest)
    about["version"] = "2026.12"
    yaml.dump(about, manifest)
    yield folder
    selectors.forget()


def test_a_published_calendar_moves_the_provisional_dates_and_says_so(make_case, published):
    case = make_case(now=LATE_IN_THE_YEAR, wishes=("records",))
    clock = CaseClock.objects.get(case=case, rule_id="TW-REC-1")
    assert clock.provisional

    packs_load(folder=published, actor=SYSTEM, now=LATE_IN_THE_YEAR)
    selectors.forget()
    recount({}, LATE_IN_THE_YEAR)

    again = CaseClock.objects.get(pk=clock.pk)
    assert not again.provisional
    assert again.due_at > clock.due_at
    moved = facts_of(case, "clock.recounted")[0].value("moved")
    assert {"clock": "TW-REC-1", "from": clock.due_at.isoformat(), "to": again.due_at.isoformat()} in moved
