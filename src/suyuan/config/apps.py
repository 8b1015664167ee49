from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "suyuan.config"
    label = "config"

    def ready(self) -> None:
        from django.conf import settings

        from suyuan.config import locales, registrations

        # Where the package itself cannot be written to, its catalogues were compiled into the data folder.
        settings.LOCALE_PATHS += locales.folders_beside(settings.DATA_DIR / "words")
        registrations.register_all()
