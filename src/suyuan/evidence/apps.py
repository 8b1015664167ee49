from django.apps import AppConfig


class Evidence(AppConfig):
    name = "suyuan.evidence"
    label = "evidence"
