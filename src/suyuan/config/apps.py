from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "suyuan.config"
    label = "config"

    def ready(self) -> None:
        from suyuan.config import registrations

        registrations.register_all()
