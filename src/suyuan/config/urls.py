"""Every address of the house."""
from django.urls import include, path

from suyuan.config import views
from suyuan.platform.addresses import address
from suyuan.ui import views as ui

# `ui` stands beside `platform` and cannot classify its own views.
ui_pages = [
    path("components/", address("public")(ui.components), name="components"),
    path("keys/", address("public")(ui.keys), name="keys"),
    path("theme/", address("public", methods=("POST",))(ui.theme), name="theme"),
]

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("house/", views.house, name="house"),
    path("house/faults/<uuid:uid>/", views.house_fault, name="house_fault"),
    path("language/", views.set_language, name="set_language"),
    path("ui/", include((ui_pages, "ui"))),
    path("p/", include("suyuan.portal.urls")),
    path("people/", include("suyuan.people.urls")),
    path("", include("suyuan.accounts.urls")),
    path("", include("suyuan.desk.urls")),
]

handler400 = "suyuan.config.errors.bad_request"
handler403 = "suyuan.config.errors.permission_denied"
handler404 = "suyuan.config.errors.page_not_found"
handler500 = "suyuan.config.errors.server_error"
