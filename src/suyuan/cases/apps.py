from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "suyuan.cases"
    label = "cases"
