"""Treatments of the patient, as far as a case may name them."""
from __future__ import annotations

from django.db.models import Q, QuerySet

from suyuan.cases.models import Case, CaseIssue
from suyuan.people.models import TreatmentReceived


def treatments_for(case: Case) -> QuerySet[TreatmentReceived]:
    """Those on the patient's chart, and those told in this very complaint: what was told in another stays there."""
    told = CaseIssue.objects.filter(case=case, treatment__isnull=False).values("treatment_id")
    known = TreatmentReceived.objects.filter(person_id=case.patient_id).filter(~Q(source="intake") | Q(pk__in=told))
    return known.select_related("branch").order_by("-on", "-id")
