"""Addresses of the house itself: is it well, and in which language."""
from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme

from suyuan.config import health
from suyuan.platform.addresses import address


@address("public")
def healthz(request: HttpRequest) -> HttpResponse:
    """200 once ready, 503 otherwise. Says nothing about what is inside."""
    found = health.look(request.now)
    return JsonResponse(found.as_json(request.now), status=200 if found.ready else 503)


@address("public", methods=("POST",))
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in this browser and go back to where one was."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )
    return response
