"""Every address of the house."""
from django.urls import include, path

from suyuan.config import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("language/", views.set_language, name="set_language"),
    path("ui/", include("suyuan.ui.urls")),
]

handler400 = "suyuan.config.errors.bad_request"
handler403 = "suyuan.config.errors.permission_denied"
handler404 = "suyuan.config.errors.page_not_found"
handler500 = "suyuan.config.errors.server_error"
