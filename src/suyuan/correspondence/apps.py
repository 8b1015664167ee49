from django.apps import AppConfig


class Correspondence(AppConfig):
    name = "suyuan.correspondence"
    label = "correspondence"

    def ready(self) -> None:
        from suyuan.correspondence import jobs  # noqa: F401  (names its jobs)
