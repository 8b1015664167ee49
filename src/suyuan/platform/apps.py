from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate


class PlatformConfig(AppConfig):
    name = "suyuan.platform"
    label = "platform"

    def ready(self) -> None:
        from suyuan.platform import sqlite, triggers

        connection_created.connect(sqlite.on_connection, dispatch_uid="suyuan.sqlite")
        pre_migrate.connect(triggers.on_pre_migrate, sender=self, dispatch_uid="suyuan.triggers.drop")
        post_migrate.connect(triggers.on_post_migrate, sender=self, dispatch_uid="suyuan.triggers.install")
