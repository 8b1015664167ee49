"""Both sides sign the list of a seal on a tablet: drawn by us from their strokes, kept with who, when and how they were known."""
from __future__ import annotations

import io
import json

import pytest
from django.urls import reverse
from PIL import Image

from suyuan.cases.services.rights import case_seal
from suyuan.evidence.models import Item
from suyuan.evidence.selectors.rights import signatures_of
from suyuan.evidence.services.rights import Ceremony
from suyuan.platform import verify
from suyuan.platform.facts import facts_told
from suyuan.platform.files import file_open, file_receive, file_store
from suyuan.platform.models import FactRow
from suyuan.ui.signing import MOST_POINTS, NotDrawn, signature_png, strokes_read
from tests.cases.cast import NOON, fresh

pytestmark = pytest.mark.requirement("D-05")

DRAWN = [[[100 + n * 8, 160 + (n % 5) * 12] for n in range(60)], [[700, 100], [720, 220]]]


def url(name, case, *more):
    return reverse(f"desk:{name}", args=[case.reference, *more])


@pytest.fixture
def case(make_case):
    return make_case("investigating")


@pytest.fixture
def seal(cast, case):
    from suyuan.cases.services import handling

    received = file_receive(source=["病歷".encode()], name="病歷.txt", max_bytes=100)
    stored = file_store(received=received, branch_id=case.branch_id, actor=cast.manager.actor, now=NOON)
    item = handling.file_add(case=fresh(case), stored=stored, source="desk", actor=cast.manager.actor, now=NOON)
    there = Ceremony(place="諮詢室", kept_at="保險櫃", for_clinic="經理", for_patient="例小安", signed_on="screen")
    return case_seal(case=fresh(case), items=[item], ceremony=there, actor=cast.manager.actor, now=NOON)


def sent(browser, case, seal, who="manager", **said):
    body = {"side": "patient", "identity": "看過國民身分證", "strokes": json.dumps(DRAWN)} | said
    return browser(who).post(url("seal_sign", case, seal.uid), body)


@pytest.mark.django_db
def test_both_sides_sign_and_it_stands_on_the_list(browser, cast, case, seal):
    page = browser("manager").get(url("seal_sign", case, seal.uid)).content.decode()
    assert "data-sy-sign" in page and "sign.js" in page and "病人方　例小安" in page and "用紙本簽名" in page
    assert sent(browser, case, seal).status_code == 302
    assert sent(browser, case, seal, side="clinic", identity="同仁認得本人").status_code == 302
    assert "該簽的都簽了" in browser("manager").get(url("seal_sign", case, seal.uid)).content.decode()

    patient, clinic = signatures_of(seal)
    assert (patient.from_whom, patient.obtained_at, clinic.from_whom) == ("例小安", NOON, "經理")
    assert patient.note == f"看過國民身分證；清單 {seal.digest[:16]}", "how they were known, and which list it was"
    with file_open(patient.stored) as file:
        picture = Image.open(io.BytesIO(file.read()))
    assert picture.format == "PNG" and picture.getpixel((100, 160)) == 0 and picture.getpixel((5, 5)) == 255
    told = facts_told(list(FactRow.objects.filter(type="item.added").order_by("-pk")[:1]))[0]
    assert told.plain("sha256") == clinic.stored.sha256 and told.private["from_whom"] == "經理"

    printed = browser("manager").get(url("seal_print", case, seal.uid)).content.decode()
    assert printed.count("data:image/png;base64,") == 4 and "看過國民身分證" in printed, "on the copy of each side"
    assert "例小安" in browser("manager").get(url("rights", case)).content.decode()
    evidence = browser("manager").get(url("evidence", case)).content.decode()
    assert "封條" not in evidence[evidence.find("還沒有歸類的證物") :] or "還沒有歸類的證物" not in evidence
    assert [str(fault) for fault in verify.verify_streams(rows_checks=verify.row_checks()).faults] == []


@pytest.mark.django_db
def test_nothing_drawn_is_lost_and_nothing_is_signed_twice_or_by_strangers(browser, case, seal):
    without = sent(browser, case, seal, identity="")
    assert without.status_code == 422 and "[[[100, 160]" in without.content.decode().replace("&quot;", '"')
    empty = sent(browser, case, seal, strokes="")
    assert empty.status_code == 422 and "還沒有簽名" in empty.content.decode()
    assert sent(browser, case, seal, side="witness").status_code == 422, "nobody was a witness here"
    assert sent(browser, case, seal).status_code == 302
    assert sent(browser, case, seal).status_code == 422
    assert sent(browser, case, seal, who="stranger").status_code == 404 and sent(browser, case, seal, who="auditor").status_code == 403
    one = signatures_of(seal).get()
    said = browser("manager").post(url("file_describe", case, one.uid), {"kind": "", "title": "", "from_whom": "別人", "place": "", "note": ""})
    assert said.status_code >= 400 and Item.objects.get(pk=one.pk).from_whom == "例小安"


@pytest.mark.django_db
def test_a_signature_does_not_go_away_by_being_called_something_else(browser, case, seal):
    """Sorted among the photographs it would stand on no list any more, and could be drawn anew by anybody at the tablet."""
    assert sent(browser, case, seal).status_code == 302
    one = signatures_of(seal).get()
    said = browser("manager").post(reverse("desk:act-evidence-sort", args=[case.reference]), {"item": str(one.uid), "kind": "photographs"})
    assert said.status_code >= 400 and list(signatures_of(seal)) == [one]
    assert sent(browser, case, seal).status_code == 422


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "empty"), ("[]", "empty"), ("[[[1,1],[1,1]]]", "empty"), ("{", "broken"), ('{"a":1}', "broken"), ("[[[1,2,3]]]", "broken"),
     ("[[[1,1e9]]]", "broken"), ("[[[-1,4]]]", "broken"), ("[[[1.5,4]]]", "broken"), ("[[[true,4]]]", "broken"), ('[["ab"]]', "broken"),
     ("[" * 5000, "broken"), (json.dumps([[[1, 1]] * (MOST_POINTS + 1)]), "broken"), (json.dumps([[]] * 500), "broken")],
)  # fmt: skip
def test_what_a_browser_sends_is_read_with_suspicion(text, why):
    with pytest.raises(NotDrawn, match=why):
        strokes_read(text)


def test_the_same_strokes_are_always_the_same_picture():
    strokes = strokes_read(json.dumps(DRAWN))
    assert signature_png(strokes) == signature_png(strokes) and signature_png(strokes) != signature_png(strokes[:1])
