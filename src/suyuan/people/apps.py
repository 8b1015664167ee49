from django.apps import AppConfig


class People(AppConfig):
    name = "suyuan.people"
    label = "people"
