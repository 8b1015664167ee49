from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "suyuan.desk"
    label = "desk"
