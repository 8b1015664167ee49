from django.urls import path

from suyuan.ui import views

app_name = "ui"
urlpatterns = [
    path("components/", views.components, name="components"),
    path("keys/", views.keys, name="keys"),
    path("theme/", views.theme, name="theme"),
]
