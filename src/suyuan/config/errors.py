"""Pages for what went wrong outside any view: bad request, no right, not there, broken, and a form that came too late."""
from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

# Never sent out again in a page, whatever the form was.
_SECRET = ("password", "passwd", "secret", "csrfmiddlewaretoken")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without the request: whatever broke may be what a context processor needs."""
    return HttpResponseServerError(render_to_string("500.html"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose page had grown old. What was typed is shown and may be sent again; nothing was done yet.

    Only to someone who came from our own pages: another site must not get its own words offered here.
    """
    if getattr(request, "htmx", False):
        words = {
            "message": _("還沒有送出：這一頁開得太久了"),
            "safe": _("您寫的字都在。"),
            "advice": _("請重新整理這一頁再送一次。"),
            "code": "csrf",
        }
        return render(request, "ui/refusal.html", words, status=403)
    if not _is_from_here(request):
        return render(request, "403.html", {"code": "csrf"}, status=403)
    context = {
        "action": request.get_full_path(),
        "typed": [(name, value) for name, values in request.POST.lists() if not _is_secret(name) for value in values],
        "left_out": any(_is_secret(name) and name != "csrfmiddlewaretoken" for name in request.POST),
        "had_files": bool(request.FILES),
    }
    return render(request, "config/form_again.html", context, status=403)


def _is_secret(name: str) -> bool:
    return any(part in name.lower() for part in _SECRET)


def _is_from_here(request: HttpRequest) -> bool:
    came_from = request.headers.get("Origin") or request.headers.get("Referer") or ""
    parts = urlsplit(came_from)
    return (parts.scheme, parts.netloc) == ("https" if request.is_secure() else "http", request.get_host())
