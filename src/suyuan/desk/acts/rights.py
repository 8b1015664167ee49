"""Holds, copies, seals, erasure."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts.labels import COMPARTMENTS
from suyuan.cases import phrases, rules
from suyuan.cases.errors import NotAskedFor
from suyuan.cases.models import Case, Demand
from suyuan.cases.phrases import label
from suyuan.cases.selectors import compartments_for
from suyuan.cases.selectors.bundles import PURPOSES
from suyuan.cases.selectors.rights import erasure_parts, subject_of
from suyuan.cases.selectors.sealing import alone_from
from suyuan.cases.services import rights
from suyuan.cases.services.bundles import showing_agree
from suyuan.cases.services.holding import case_hold_lift, case_hold_place
from suyuan.correspondence.rules.guard import Surface
from suyuan.desk.acts.act import EVER, Act, ActForm, RowField, plain
from suyuan.desk.acts.talking import demand_words
from suyuan.desk.fields import ItemsField, line_field, one_of, some_of, words_field
from suyuan.desk.letters_of_rights import part_words
from suyuan.desk.services import copies_make, erasure_decide
from suyuan.desk.template_pick import TemplatesAt
from suyuan.evidence.models import CopySet, Seal
from suyuan.evidence.phrases import GROUNDS, MEDIA, RECEIPTS, SIGNED_ON, STANDINGS
from suyuan.evidence.selectors.items import items_of
from suyuan.evidence.services.rights import Ceremony
from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform.holds import KINDS as HOLD_KINDS
from suyuan.platform.models import Hold
from suyuan.playbooks.readers import Fee
from suyuan.playbooks.selectors import fee_tariff
from suyuan.ui import dates


class HoldForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("因為什麼"), [(code, str(words)) for code, words in HOLD_KINDS.items()])
        self.fields["reason"] = words_field(_("理由"), rows=3, limit=200)


class HoldLiftForm(ActForm):
    def build(self) -> None:
        standing = Hold.objects.filter(stream=self.case.stream, lifted_at=None).order_by("id")
        self.fields["hold"] = RowField(standing, hold_words, label=_("解除哪一項保全"), empty_label=None)
        self.fields["reason"] = words_field(_("為什麼可以解除"), rows=3, limit=200)


def hold_words(hold: Hold) -> str:
    day = dates.short_date(hold.placed_at.date(), dates.language_of(get_language()), weekday=False)
    return _("%(kind)s，%(day)s 起") % {"kind": HOLD_KINDS.get(hold.kind, hold.kind), "day": day}


class AgreementForm(ActForm):
    def build(self) -> None:
        readable = rules.BOTH_MAY_AGREE & compartments_for(self.profile, self.case)
        choices = [(code, str(words)) for code, words in COMPARTMENTS.items() if code in readable]
        self.fields["compartment"] = one_of(_("哪一部分"), choices, cards=True)
        purposes = [(str(code), label(phrases.PURPOSES, code)) for code in PURPOSES if code != rules.Purpose.INTERNAL]
        self.fields["purposes"] = some_of(
            _("同意用在哪裡"), purposes, help_text=_("以最新的一筆為準。一項都不勾，就是雙方不再同意。")
        )
        self.fields["by_clinic"] = forms.CharField(label=_("診所這一方由誰同意"), max_length=80)
        self.fields["by_person"] = forms.CharField(label=_("對方由誰同意"), max_length=80)
        self.fields["how"] = one_of(_("怎麼同意的"), [(code, str(words)) for code, words in phrases.AGREED_HOW.items()])
        self.fields["words"] = words_field(_("同意的內容"), rows=3)
        self.fields["happened_at"] = self.happened(_("什麼時候同意"))


class CopiesForm(ActForm):
    def build(self) -> None:
        asked = Demand.objects.filter(case=self.case, kind__in=rights.COPY_DEMANDS, answered_at=None).order_by("asked_at")
        self.fields["demand"] = RowField(
            asked, demand_words, label=_("回應哪一項要求"), required=False, initial=asked.first(), empty_label=_("（沒有人提出，先備妥）")
        )
        self.fields["items"] = ItemsField(list(items_of(self.case.stream, [""])), label=_("交付哪些"))
        self.fields["letters"] = forms.BooleanField(label=_("附上與對方的全部往來訊息"), required=False, initial=True)
        self.fields["consents"] = one_of(
            _("同意書"), [("included", _("已經包含在內")), ("none_exist", _("沒有同意書，或還缺一部分"))], cards=True
        )
        self.fields["missing"] = line_field(_("缺什麼、為什麼"), required=False, limit=200, guarded=Surface.PRIVATE_MESSAGE)
        self.fields["pages"] = forms.IntegerField(label=_("頁數"), required=False, min_value=0, max_value=99_999)
        currency = rights.CURRENCIES[self.case.jurisdiction]
        tariff = fee_tariff(self.case.jurisdiction)
        if tariff is not None:
            self.fields["pages"].help_text = tariff_words(tariff)
            self.fields["discs"] = forms.IntegerField(label=_("光碟片數"), required=False, min_value=0, max_value=999)
        self.fields["fee_major"] = forms.DecimalField(
            label=_("費用（%(currency)s）") % {"currency": currency},
            required=False,
            min_value=0,
            max_digits=9,
            decimal_places=2,
            help_text=_fee_help(tariff),
        )
        if tariff is not None:
            self.fields["fee_reason"] = line_field(_("和標準不同的原因"), required=False, limit=200)


def _fee_help(tariff: Fee | None) -> str:
    if tariff is None:
        return _("依診所公告的收費標準；沒有收費就不填。")
    if tariff.confirmed:
        return _("空著就照上面的標準算；改收別的金額或不收（填 0），要寫原因。")
    return _("上面的標準還沒有確認，空著就不收費。要收請填金額；和算出來的不同，要寫原因。")


def tariff_words(tariff: Fee) -> str:
    """The tariff in one sentence, with how sure it is."""
    said = _("%(name)s：基本費 %(base)s（含 %(n)s 頁），之後每頁 %(page)s；光碟每片 %(disc)s。%(explain)s") % {
        "name": tariff.name,
        "base": money(tariff.base_minor, tariff.currency),
        "n": tariff.pages_included,
        "page": money(tariff.page_minor, tariff.currency),
        "disc": money(tariff.disc_minor, tariff.currency),
        "explain": tariff.explain,
    }
    return said if tariff.confirmed else _("〔待確認〕%(tariff)s") % {"tariff": said}


def money(minor: int, currency: str) -> str:
    sign = {"TWD": "NT$ ", "CNY": "¥"}[currency]
    return f"{sign}{minor / 100:,.0f}" if minor % 100 == 0 else f"{sign}{minor / 100:,.2f}"


class CopiesOutForm(ActForm):
    def build(self) -> None:
        ready = CopySet.objects.filter(stream=self.case.stream, handover=None).order_by("id")
        self.fields["copies"] = RowField(ready, lambda copies: copies.number, label=_("哪一份"), empty_label=None)
        self.fields["to_whom"] = line_field(_("誰領取"))
        self.fields["standing"] = one_of(_("以什麼身分"), [(c, str(w)) for c, w in STANDINGS.items()], cards=True)
        self.fields["shown"] = line_field(_("看了什麼證件或文件"), limit=200)
        self.fields["medium"] = one_of(_("以什麼方式交付"), [(c, str(w)) for c, w in MEDIA.items()])
        self.fields["receipt"] = one_of(_("怎麼簽收"), [(c, str(w)) for c, w in RECEIPTS.items()])
        self.fields["witness"] = line_field(_("見證人"), required=False)
        if self.case.jurisdiction == "cn":
            self.fields["stamped"] = forms.BooleanField(label=_("每份都蓋了證明印記"), required=False)
            self.fields["present"] = forms.BooleanField(label=_("複製時病人或近親屬在場"), required=False)
        self.fields["happened_at"] = self.happened(_("什麼時候交付"))


class CopiesWaitForm(ActForm):
    def build(self) -> None:
        ready = CopySet.objects.filter(stream=self.case.stream, handover=None, request__isnull=False).order_by("id")
        self.fields["copies"] = RowField(ready, lambda copies: copies.number, label=_("哪一份"), empty_label=None)
        self.fields["how"] = line_field(_("什麼時候、怎麼通知對方來領"), limit=200)


class SealForm(ActForm):
    def build(self) -> None:
        self.fields["items"] = ItemsField(list(items_of(self.case.stream, [""])), label=_("封存哪些"))
        self.fields["lots"] = words_field(
            _("批號或器材序號"), required=False, rows=2, limit=2_000, help_text=_("每行一項：證物編號、空格、批號。例如：3 HA-2026-77")
        )
        self.fields["place"] = line_field(_("在哪裡封存"))
        self.fields["kept_at"] = line_field(_("封存後放在哪裡"))
        self.fields["for_clinic"] = line_field(_("診所在場的人"))
        self.fields["for_patient"] = line_field(_("病人方在場的人"), required=False)
        self.fields["witness"] = line_field(_("見證人"), required=False, help_text=_("病人方不在場時才需要。"))
        self.fields["absence"] = line_field(_("病人方為什麼沒有到場"), required=False, limit=200)
        self.fields["signed_on"] = one_of(_("怎麼簽名"), [(c, str(w)) for c, w in SIGNED_ON.items()], cards=True, initial="paper")
        self.fields["unfinished"] = line_field(
            _("還沒有完成、之後再封的部分"), required=False, limit=200, help_text=_("寫了這一項，封存的要求會繼續等到補封為止。")
        )
        earlier = Seal.objects.filter(stream=self.case.stream).exclude(unfinished="").order_by("id")
        if earlier:
            self.fields["continues"] = RowField(
                earlier, lambda seal: seal.number, label=_("補封先前的哪一個封條"), required=False, empty_label=_("（不是補封）")
            )
        self.fields["happened_at"] = self.happened(_("什麼時候封存"))

    def clean_lots(self) -> dict[int, str]:
        """Number of the item → lot."""
        found: dict[int, str] = {}
        for line in self.cleaned_data["lots"].splitlines():
            number, _space, lot = line.strip().partition(" ")
            if line.strip() and not (number.isascii() and number.isdigit() and len(number) < 7 and lot.strip()):
                raise forms.ValidationError(_("這一行看不懂：%(line)s") % {"line": line.strip()[:40]})
            if line.strip():
                found[int(number)] = lot.strip()
        return found


class UnsealForm(ActForm):
    def build(self) -> None:
        standing = Seal.objects.filter(stream=self.case.stream, opening=None).order_by("id")
        self.fields["seal"] = RowField(standing, lambda seal: seal.number, label=_("哪一個封條"), empty_label=None)
        possible = any(alone_from(self.case, seal, self.now) for seal in standing)
        grounds = [(code, str(words)) for code, words in GROUNDS.items() if code != "alone" or possible]
        self.fields["ground"] = one_of(_("依據"), grounds, cards=True)
        self.fields["why"] = line_field(_("為什麼啟封"), limit=200)
        self.fields["for_clinic"] = line_field(_("診所在場的人"))
        self.fields["for_patient"] = line_field(_("病人方在場的人"), required=False)
        self.fields["witness"] = line_field(_("見證人"), required=False, help_text=_("病人方不在場時才需要。"))
        self.fields["intact"] = one_of(_("封條"), [("yes", _("完好")), ("no", _("已有破損"))], cards=True)
        self.fields["happened_at"] = self.happened(_("什麼時候啟封"))


class EraseForm(ActForm):
    """Each group on its own: what law or a hold keeps is said and cannot be chosen."""

    templates_at = TemplatesAt(first=("refusal",))

    def build(self) -> None:
        asked = Demand.objects.filter(case=self.case, kind="data_erase", answered_at=None).select_related("asked_by__person")
        self.demand = asked.order_by("asked_at").first()
        self.parts = erasure_parts(self.case, self.demand, self.now.astimezone(self.zone).date()) if self.demand else []
        self.note = _whose(self.case, self.demand) if self.demand else ""
        for part in self.parts:
            if part.count == 0:
                continue
            group = f"do_{part.group}"
            name = str(label(phrases.DATA, part.group))
            if part.free:
                self.fields[group] = one_of(
                    name, [("erase", _("刪除")), ("keep", _("保留"))], cards=True, help_text=_("共 %(n)s 項，法律沒有要求再保存。") % {"n": part.count}
                )
                self.fields[f"why_{part.group}"] = line_field(
                    _("「%(group)s」要保留的理由") % {"group": name}, required=False, limit=300, help_text=_("選保留時要寫。")
                )
            else:
                self.fields[group] = one_of(name, [("keep", part_words(part))], cards=True, initial="keep")
        self.fields["words"] = words_field(
            _("想對當事人補充的話"), required=False, rows=3, limit=2_000, help_text=_("逐項的結果會自動寫進答覆。"),
            guarded=Surface.PRIVATE_MESSAGE,
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.demand is None:
            raise forms.ValidationError(NotAskedFor().message())
        for part in self.parts:
            if data.get(f"do_{part.group}") == "keep" and part.free and not data.get(f"why_{part.group}", "").strip():
                self.add_error(f"why_{part.group}", _("請寫為什麼保留。"))
        data["demand"] = self.demand
        data["choices"] = {
            part.group: rights.Choice(data.get(f"do_{part.group}") == "erase", data.get(f"why_{part.group}", ""))
            for part in self.parts
        }
        return data


def _copies(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return copies_make(case=case, data=data, actor=actor, now=now)


def _copies_out(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return rights.case_copies_hand_over(case=case, actor=actor, now=now, **data)


def _seal(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    items = list(data["items"])
    unknown = set(data["lots"]) - {item.number for item in items}
    if unknown:
        raise BadInput(fields={"lots": _("這些編號沒有選在上面：%(numbers)s") % {"numbers": _("、").join(map(str, sorted(unknown)))}})
    told = ("place", "kept_at", "for_clinic", "for_patient", "witness", "absence", "signed_on", "unfinished")
    return rights.case_seal(
        case=case,
        items=items,
        ceremony=Ceremony(**{name: data[name] for name in told}),
        lots={item.pk: data["lots"][item.number] for item in items if item.number in data["lots"]},
        continues=data.get("continues"),
        happened_at=data["happened_at"],
        actor=actor,
        now=now,
    )


def _unseal(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return rights.case_unseal(case=case, actor=actor, now=now, **(data | {"intact": data["intact"] == "yes"}))


def _whose(case: Case, demand: Demand) -> str:
    """By whom, and whose data is answered for."""
    party = demand.asked_by
    who = (party.person.full_name if party is not None else "") or _("申訴人")
    if subject_of(case, demand).party is None:
        return _("%(who)s請求刪除病人的資料。") % {"who": who}
    if demand.about == rules.OWN:
        return _("%(who)s請求刪除自己說過、提供過的內容和自己的聯絡資料。下面只列這些，病人的資料不動。") % {"who": who}
    return _("%(who)s不是病人，也還沒有證明有權代理：下面只列對方自己說過、提供過的內容和聯絡資料，病人的資料不動。") % {"who": who}


ACTS: tuple[Act, ...] = (
    Act("hold", "hold", _l("開始保全"), _l("開始保全"), HoldForm, plain(case_hold_place, "kind", "reason"),
        _l("這件的檔案、訊息、聯絡資料、病人資料與各項紀錄，從現在起都不能刪除、銷毀或合併。"), "rights", "lock", stages=EVER),
    Act("hold-lift", "hold_lift", _l("解除保全"), _l("解除這項保全"), HoldLiftForm, plain(case_hold_lift, "hold", "reason"),
        _l("要求保全的人不能自己解除；案外的程序還在進行時也不能。"), "rights", danger=True, stages=EVER),
    Act("agreement", "showing_agree", _l("雙方同意提出會談內容"), _l("記下同意"), AgreementForm,
        plain(showing_agree, "compartment", "purposes", "by_clinic", "by_person", "how", "words", "happened_at"),
        _l("調解與關懷會談的內容依法不對外提出，除非雙方同意。這一筆只有讀得到那一部分的人看得到。"), "rights", stages=EVER),
    Act("copies", "demand_answer", _l("備妥複製本"), _l("備妥這一份"), CopiesForm, _copies,
        _l("列出要交付的病歷、同意書與往來訊息，算出整份的雜湊值。清單存下後不能更改。"), "rights", "copy", stages=EVER),
    Act("copies-out", "demand_answer", _l("交付複製本"), _l("記下交付"), CopiesOutForm, _copies_out,
        _l("核對身分後交付並請對方簽收；法定期限到交付為止。"), "rights", "check", stages=EVER),
    Act("copies-wait", "demand_answer", _l("已備妥，等對方領取"), _l("記下通知"), CopiesWaitForm,
        plain(rights.case_copies_wait, "copies", "how"),
        _l("我們這一邊已經完成，對方還沒有來。期限停在今天，紀錄裡會寫明是等待領取。"), "rights", stages=EVER),
    Act("seal", "seal", _l("雙方在場封存"), _l("記下封存"), SealForm, _seal,
        _l("列出封存的檔案與實物，雙方簽名、各執一份清單，由診所保管。存下後不能更改。"), "rights", "seal", stages=EVER),
    Act("unseal", "seal", _l("啟封"), _l("記下啟封"), UnsealForm, _unseal,
        _l("怎麼封的就怎麼開：雙方在場，或有法律承認的理由與見證人。"), "rights", stages=EVER),
    Act("erase", "erase", _l("逐項答覆刪除個資的請求"), _l("送出決定"), EraseForm,
        plain(erasure_decide, "demand", "choices", "words", "templates"),
        _l("刪除之後無法復原。依法要保存的、正在保全的不會刪除，會向當事人說明是哪一條、到什麼時候。"), "rights", danger=True,
        stages=EVER),
)  # fmt: skip
