"""What turned out otherwise: a colleague named by mistake, an investigator who goes, a task not needed, one person more."""
from __future__ import annotations

import pytest
from django.urls import reverse

from suyuan.cases.models import Involvement, Party, Task
from suyuan.cases.services import handling, parties
from tests.cases.cast import HOUR, NOON, facts_of, fresh
from tests.desk.test_acts import act

pytestmark = pytest.mark.django_db


def page_of(client, code, case):
    return client.get(reverse(f"desk:act-{code}", args=[case.reference]))


def links(client, case) -> str:
    return client.get(reverse("desk:case", args=[case.reference])).content.decode()


@pytest.mark.requirement("A-07")
def test_a_colleague_named_by_mistake_sees_the_case_again(cast, browser, make_case):
    case = make_case("acknowledged")
    handling.task_open(case=case, kind="other", title="換藥", role="nurse", actor=cast.manager.actor, now=NOON)
    nurse, manager = browser("accused"), browser("manager")
    assert nurse.get(reverse("desk:case", args=[case.reference])).status_code == 200
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    assert nurse.get(reverse("desk:case", args=[case.reference])).status_code == 404
    assert "complained-unset" in links(manager, case)

    silent = act(manager, "complained-unset", case, user=cast.accused.pk, reason=" ")
    assert silent.status_code == 422
    wrong = act(manager, "complained-unset", case, user=cast.nurse.pk, reason="不是這位")
    assert wrong.status_code == 422
    assert act(manager, "complained-unset", case, user=cast.accused.pk, reason="值班表寫錯了").status_code == 302
    assert nurse.get(reverse("desk:case", args=[case.reference])).status_code == 200
    html = links(manager, case)
    assert "值班表寫錯了" in html and "complained-unset" not in html


@pytest.mark.parametrize(("who", "status"), [("receptionist", 403), ("doctor", 403), ("stranger", 404), ("accused", 404)])
def test_only_those_who_assign_correct_it(who, status, cast, browser, make_case):
    case = make_case("investigating")
    parties.complained_set(case=case, user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    assert page_of(browser(who), "complained-unset", case).status_code == status
    assert act(browser(who), "complained-unset", case, user=cast.accused.pk, reason="x").status_code == status


def test_an_investigator_released_reads_no_more_and_what_they_wrote_stays(cast, browser, make_case):
    case = make_case("investigating")
    doctor, manager = browser("doctor"), browser("manager")
    assert act(doctor, "finding", case, words="三週仍在恢復期。", basis="病歷").status_code == 302
    assert doctor.get(reverse("desk:investigation", args=[case.reference])).status_code == 200
    long = "這位醫師調到另一個分院，改由專長相符的醫師接手。" * 12
    assert act(manager, "investigator-release", case, user=cast.doctor.pk, reason=long).status_code == 302
    Task.objects.filter(case=case).update(done_at=NOON)
    assert doctor.get(reverse("desk:investigation", args=[case.reference])).status_code == 404
    assert "三週仍在恢復期。" in manager.get(reverse("desk:investigation", args=[case.reference])).content.decode()
    assert not Involvement.objects.filter(case=case, kind="investigator", until=None).exists()
    assert "investigator-release" not in links(manager, case)
    assert page_of(browser("receptionist"), "investigator-release", case).status_code == 403


def test_a_task_not_needed_is_cancelled_with_its_reason_and_opens_the_gate(cast, browser, make_case):
    case = make_case("responded")
    task = handling.task_open(
        case=case, kind="other", title="整理照片", assignee=cast.nurse.user, actor=cast.manager.actor, now=NOON
    )
    manager = browser("manager")
    finish = manager.get(reverse("desk:act-task-done", args=[case.reference]), {"task": str(task.uid)}).content.decode()
    assert f"do/task-cancel/?task={task.uid}" in finish
    assert act(manager, "task-cancel", case, task=str(task.uid), reason=" ").status_code == 422
    assert act(manager, "task-cancel", case, task=str(task.uid), reason="照片已在病歷裡").status_code == 302
    task.refresh_from_db()
    assert task.cancelled_at == NOON and task.done_at is None
    assert "照片已在病歷裡" in links(manager, case) and "取消待辦：整理照片" in links(manager, case)
    assert browser("nurse").get(reverse("desk:case", args=[case.reference])).status_code == 404


def test_a_danger_sign_is_no_task_to_cancel(cast, browser, make_case):
    case = make_case(danger_signs=("sight",), harm="alleged")
    danger = case.tasks.get(kind="danger_review")
    html = page_of(browser("manager"), "task-cancel", case).content.decode()
    assert str(danger.uid) not in html
    assert act(browser("manager"), "task-cancel", case, task=str(danger.uid), reason="x").status_code == 422
    assert case.tasks.get(kind="danger_review").cancelled_at is None


def test_who_only_does_a_task_does_not_cancel_it(cast, browser, make_case):
    case = make_case()
    task = handling.task_open(
        case=case, kind="other", title="換藥", assignee=cast.nurse.user, due_at=NOON + HOUR, actor=cast.manager.actor, now=NOON
    )
    finish = browser("nurse").get(reverse("desk:act-task-done", args=[case.reference]), {"task": str(task.uid)})
    assert "task-cancel" not in finish.content.decode()
    assert page_of(browser("nurse"), "task-cancel", case).status_code == 403


def test_one_more_person_is_added_with_what_they_are_and_how_to_reach_them(browser, make_case):
    case = make_case()
    client = browser("receptionist")
    given = {"name": "例大偉", "roles": ["representative", "companion"], "relation": "spouse", "phone": "0900-000-888"}
    assert act(client, "party", case, **given).status_code == 302
    party = Party.objects.get(case=case, relation="spouse")
    assert (party.person.full_name, party.roles, party.identity) == ("例大偉", ["representative", "companion"], "stated")
    assert [(c.value, c.preferred) for c in party.person.contact_points.all()] == [("0900-000-888", True)]
    assert len(facts_of(case, "party.added")) == 1
    html = links(client, case)
    assert "例大偉" in html and "代理人、陪同的人" in html
    assert page_of(client, "authority", case).status_code == 200


def test_a_person_without_a_part_or_with_half_a_number_is_asked_again(browser, make_case):
    case = make_case()
    client = browser("receptionist")
    nobody = act(client, "party", case, name="例大偉")
    assert nobody.status_code == 422
    half = act(client, "party", case, name="例大偉", roles=["companion"], phone="09")
    assert half.status_code == 422 and "少了幾碼" in half.content.decode() and "例大偉" in half.content.decode()
    assert Party.objects.filter(case=case).count() == 1
