"""A subject added later may be about a treatment of the patient, and of nobody else."""
from __future__ import annotations

from datetime import date

import pytest

from suyuan.accounts.selectors import profile_of
from suyuan.cases import errors
from suyuan.cases.selectors.treatments import treatments_for
from suyuan.cases.services import handling
from suyuan.cases.services.intake import IssueGiven
from suyuan.desk.acts import BY_CODE
from suyuan.people.rules import Treatment
from suyuan.people.services import treatment_add
from tests.cases.cast import NOON, facts_of, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]


def charted(cast, case, words="玻尿酸注射", lot="L77"):
    return treatment_add(
        person=case.patient, treatment=Treatment(words=words, on=date(2026, 2, 3), lot=lot), branch=case.branch,
        actor=cast.receptionist.actor, now=NOON,
    )  # fmt: skip


def add(cast, case, treatment=None):
    return handling.issue_add(
        case=fresh(case), subject="第二次注射也沒有說明", treatment=treatment, actor=cast.manager.actor, now=NOON
    )


@pytest.mark.postgres
def test_it_is_tied_to_the_treatment_and_the_fact_names_it(cast, make_case):
    case = make_case()
    done = charted(cast, case)
    assert add(cast, case, done).treatment == done
    [fact] = facts_of(case, "issue.added")
    assert fact.value("treatment") == str(done.uid)


def test_without_a_treatment_it_is_a_subject_like_before(cast, make_case):
    case = make_case()
    assert add(cast, case).treatment is None
    [fact] = facts_of(case, "issue.added")
    assert "treatment" not in fact.plain


def test_a_treatment_of_somebody_else_is_refused(cast, make_case):
    with pytest.raises(errors.OtherCase):
        add(cast, make_case(), charted(cast, make_case()))


def test_what_was_told_in_this_complaint_is_offered_and_what_was_told_in_another_is_not(cast, make_case):
    told = IssueGiven(subject="腫脹", treatment=Treatment(words="雙眼皮手術", on=date(2026, 2, 18)))
    case = make_case(issues=(told,))
    own = case.issues.get().treatment
    assert set(treatments_for(case)) == {own} and own.source == "intake"
    assert add(cast, case, own).treatment == own

    elsewhere = charted(cast, case)
    type(elsewhere).objects.filter(pk=elsewhere.pk).update(source="intake")
    assert set(treatments_for(case)) == {own}
    with pytest.raises(errors.OtherCase):
        add(cast, case, elsewhere)


def test_the_form_names_treatments_so_that_one_is_told_from_the_next(cast, make_case):
    case = make_case()

    def form(data=None):
        return BY_CODE["issue"].form(data, case=fresh(case), profile=profile_of(cast.manager.user, NOON), now=NOON)

    assert "treatment" not in form().fields
    done = charted(cast, case)
    assert [str(words) for _uid, words in form().fields["treatment"].choices][1:] == ["玻尿酸注射，2/3，L77"]
    sent = form({"subject": "第二次注射", "treatment": str(done.uid)})
    assert sent.is_valid() and sent.cleaned_data["treatment"] == done
