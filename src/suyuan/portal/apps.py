from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "suyuan.portal"
    label = "portal"

    def ready(self) -> None:
        from suyuan.portal import jobs  # noqa: F401  (names its jobs)
