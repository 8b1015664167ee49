from django.apps import AppConfig


class PlaybooksConfig(AppConfig):
    name = "suyuan.playbooks"
    label = "playbooks"
