"""Choosing what leaves the house, and taking it away."""
from __future__ import annotations

import hashlib
import io
import re
import zipfile

import pytest
from django.urls import reverse

from suyuan.cases.services import bundles
from suyuan.desk.services import file_keep
from suyuan.evidence.models import BundleExport
from suyuan.evidence.verifier import verify
from suyuan.platform import access, clock
from suyuan.platform.files import STAFF_TYPES, file_receive, storage
from suyuan.platform.jobs import run_due
from suyuan.platform.models import AccessRow, FactRow
from tests.cases.cast import NOON

pytestmark = pytest.mark.django_db


def made(client, case, **said):
    page = reverse("desk:bundle", args=[case.reference])
    answer = client.post(page, {"purpose": "litigation", "files": "auto", **said})
    assert answer.status_code == 302
    return answer.url, BundleExport.objects.get()


@pytest.mark.requirement("D-10")
def test_it_is_made_recorded_and_taken_away(cast, make_case, browser):
    case, client = make_case(), browser("manager")
    offered = client.get(reverse("desk:bundle", args=[case.reference])).content.decode()
    assert "依法不對外提出" in offered and "TW-APOL-1" in offered

    url, export = made(client, case)
    page = client.get(url).content.decode()
    assert export.checkpoint.fingerprint in page  # the command
    answer = client.get(reverse("desk:bundle_file", args=[case.reference, export.uid]))
    assert answer["Content-Disposition"].startswith("attachment") and "sandbox" in answer["Content-Security-Policy"]
    bundle = b"".join(answer.streaming_content)
    assert verify.verify(io.BytesIO(bundle), export.checkpoint.fingerprint).pinned
    inside = zipfile.ZipFile(io.BytesIO(bundle))
    assert hashlib.sha256(inside.read("MANIFEST.json")).hexdigest() == export.manifest
    assert AccessRow.objects.filter(what="bundle", purpose="export").count() == 2  # made, and taken away
    assert FactRow.objects.filter(stream=case.stream, type="bundle.exported").count() == 1


def test_who_must_not_be_recognised_can_be_chosen_and_is_named_as_left_out(cast, make_case, browser):
    case, client = make_case(), browser("manager")
    party = case.parties.get()
    url, export = made(client, case, hidden=[str(party.uid)])
    assert export.asked["hidden"] == [str(party.uid)]
    page = client.get(url).content.decode()
    assert "選定的人" in page and "簽過名的報告與案件摘要" in page


def test_nothing_chosen_says_so_and_makes_nothing(cast, make_case, browser):
    case, client = make_case(), browser("manager")
    answer = client.post(reverse("desk:bundle", args=[case.reference]), {"files": "auto"})
    assert answer.status_code == 422 and not BundleExport.objects.exists()


def test_a_large_one_is_prepared_by_a_job_and_sent_as_it_is_read(cast, make_case, browser, monkeypatch):
    monkeypatch.setattr(bundles, "MOST_AT_ONCE", 1000)
    case, client = make_case(), browser("manager")
    url, export = made(client, case)
    waiting = client.get(url).content.decode()
    taken = reverse("desk:bundle_file", args=[case.reference, export.uid])
    assert "準備中" in waiting and taken not in waiting and 'hx-trigger="every 4s"' in waiting
    assert client.get(taken).url == url  # nothing is given yet
    assert AccessRow.objects.filter(what="bundle", purpose="export").count() == 1

    run_due(clock.now())
    page = client.get(url).content.decode()
    assert "準備中" not in page and taken in page and "hx-trigger" not in page.split('id="made"')[1][:300]
    answer = client.get(taken)
    bundle = b"".join(answer.streaming_content)
    assert int(answer["Content-Length"]) == len(bundle)
    assert verify.verify(io.BytesIO(bundle), export.checkpoint.fingerprint).pinned


def test_waiting_for_it_is_one_line_for_each_who_waits(cast, make_case, browser, monkeypatch):
    monkeypatch.setattr(bundles, "MOST_AT_ONCE", 1000)
    case = make_case()
    url, _export = made(browser("manager"), case)
    for who in ("manager", "head"):
        client, address = browser(who), url
        for _look in range(5):
            page = client.get(address)
            assert page.status_code == 200
            address = re.search(r'hx-get="([^"]+)"', page.content.decode())[1].replace("&amp;", "&")
    access.flush()
    looked = AccessRow.objects.filter(what="case.bundle").exclude(actor="").values_list("actor", flat=True)
    assert sorted(looked) == sorted([str(cast.manager.actor), str(cast.head.actor)])


def test_one_whose_file_is_damaged_says_so_and_is_never_given(cast, make_case, browser, monkeypatch):
    monkeypatch.setattr(bundles, "MOST_AT_ONCE", 1000)
    case, client = make_case(), browser("manager")
    received = file_receive(source=[b"%PDF-1.4\n%%EOF\n" + b"x" * 5000], name="a.pdf", max_bytes=1 << 20, accept=STAFF_TYPES)
    item = file_keep(case=case, received=received, note="", actor=cast.manager.actor, now=NOON)
    url, export = made(client, case)
    (path,) = (p for p in storage().root.rglob(f"{item.stored.path}*") if p.is_file())
    path.chmod(0o600)
    raw = bytearray(path.read_bytes())
    raw[-100] ^= 1
    path.write_bytes(raw)

    run_due(clock.now())
    assert "這一份沒有做成" in client.get(url).content.decode()
    assert client.get(reverse("desk:bundle_file", args=[case.reference, export.uid])).status_code == 302


def test_an_export_of_another_case_is_not_there(cast, make_case, browser):
    ours, other = make_case(), make_case()
    client = browser("manager")
    _, export = made(client, ours)
    for name in ("desk:bundle_made", "desk:bundle_file"):
        assert client.get(reverse(name, args=[other.reference, export.uid])).status_code == 404
