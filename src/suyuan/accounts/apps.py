from django.apps import AppConfig


class Accounts(AppConfig):
    name = "suyuan.accounts"
    label = "accounts"
