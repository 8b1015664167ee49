"""What is asked before an item goes into a protected compartment, or out of one again."""
from __future__ import annotations

from suyuan.accounts.rules import ActorProfile, compartments_of
from suyuan.cases import rules
from suyuan.cases.models import CareCitation, Case, FindingCitation, Report
from suyuan.cases.selectors.door import view_of
from suyuan.evidence.models import BundleExport, CopiedItem, CustodyEntry, Item, SealedItem


def may_take_out(profile: ActorProfile, case: Case, compartment: str) -> bool:
    """Whether this person answers for the compartment: taking something out gives its protection up."""
    return bool(rules.TAKES_OUT[compartment] & profile.roles_in(case.branch_id))


def where_to(profile: ActorProfile, case: Case, item: Item) -> list[str]:
    """Compartments into which this person may put the item, the open part among them; nothing where it must stay."""
    if item.compartment and not may_take_out(profile, case, item.compartment):
        return []
    mine = sorted(compartments_of(profile, view_of(case)))
    return [each for each in ("", *mine) if each != item.compartment]


def shown_before(case: Case, item: Item) -> list[tuple[str, int]]:
    """How others came to see it, and how often: no compartment takes that back, and it is said."""
    handed_out = [one for one in BundleExport.objects.filter(stream=case.stream, at__gte=item.added_at) if _held(one, item)]
    counts = {
        "given_by_them": int(item.source in ("portal", "email", "line") or item.added_by.startswith("party:")),
        "copied": CustodyEntry.objects.filter(item__in=[item.pk, *item.derived.values_list("pk", flat=True)], act="copied").count(),
        "copies": CopiedItem.objects.filter(item=item, copies__handover__isnull=False).count(),
        "sealed": SealedItem.objects.filter(item=item).count(),
        "cited": FindingCitation.objects.filter(item=item).count() + CareCitation.objects.filter(item=item).count(),
        "reported": sum(_lists(report, item) for report in Report.objects.filter(case=case, content__isnull=False)),
        "bundled": len(handed_out),
    }
    return [(code, n) for code, n in counts.items() if n]


def _held(export: BundleExport, item: Item) -> bool:
    return item.compartment in export.asked.get("compartments", [""])


def _lists(report: Report, item: Item) -> bool:
    """Whether the frozen paper names it."""
    blocks = (block for part in (report.content or {}).get("sections", []) for block in part["blocks"])
    return any(row["number"] == item.number for block in blocks if block["block"] == "items" for row in block["rows"])
