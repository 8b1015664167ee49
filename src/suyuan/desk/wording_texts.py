"""Pages of the words we go by: templates by situation, and what to do instead of what we do not do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from suyuan.accounts.models import Branch
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.places import place_word
from suyuan.correspondence.templates import INSIDE, situation_word
from suyuan.desk import shapes
from suyuan.desk.wording import rules_pages
from suyuan.platform.addresses import address
from suyuan.playbooks.selectors import law_newest, wording_newest
from suyuan.playbooks.wording import PLACES

# In the order in which a hard case meets them.
_GROUPS = ("talk", "money", "care", "record", "reviews", "public")


def jurisdiction_asked(request: HttpRequest) -> str:
    """The law asked for, else that of the reader's first branch."""
    asked = request.GET.get("law", "")
    if asked in {"tw", "cn"}:
        return asked
    places = {branch.jurisdiction for branch in Branch.objects.filter(pk__in=request.profile.branch_ids)} or {"tw"}
    return sorted(places, reverse=True)[0]


@address("staff")
def templates(request: HttpRequest) -> HttpResponse:
    """Every template of the place, by situation, as it stands in the pack."""
    here = jurisdiction_asked(request)
    wording = wording_newest(here)
    found: dict[str, list[dict[str, object]]] = {}
    for row in wording.templates:
        found.setdefault(row.situation, []).append(
            {"row": row, "surface": _("院內") if row.situation in INSIDE else surface_word(row.surface)}
        )
    context = {
        "pages": rules_pages(request.profile, "templates"),
        "laws": shapes.laws(here),
        "groups": [(code, situation_word(code), rows) for code, rows in found.items()],
        "places": [("{" + code + "}", place_word(code)) for code in sorted(PLACES)],
        "info": wording.info,
    }
    return render(request, "desk/wording_templates.html", context)


@address("staff")
def instead(request: HttpRequest) -> HttpResponse:
    """What circulates as advice, why we do not follow it, and the lawful way."""
    here = jurisdiction_asked(request)
    titles = {rule.id: rule for rule in law_newest(here).rules}
    rows = wording_newest(here).alternatives
    context = {
        "pages": rules_pages(request.profile, "instead"),
        "laws": shapes.laws(here),
        "groups": [
            (
                shapes.instead_group(code),
                [(row, [titles[cited] for cited in row.basis if cited in titles]) for row in rows if row.group == code],
            )
            for code in _GROUPS
        ],
    }
    return render(request, "desk/wording_instead.html", context)
