"""The house with the portal in it."""
from django.urls import include, path

from suyuan.config.urls import handler400, handler403, handler404, handler500  # noqa: F401
from suyuan.config.urls import urlpatterns as house

urlpatterns = [*house, path("p/", include("suyuan.portal.urls"))]
