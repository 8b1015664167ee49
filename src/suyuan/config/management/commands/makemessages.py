"""Django's makemessages, which also knows the short names under which our modules import gettext."""
from django.core.management.commands import makemessages


class Command(makemessages.Command):
    xgettext_options = [
        *makemessages.Command.xgettext_options,
        "--keyword=_l",
        "--keyword=t",
        "--keyword=lazy",
        "--keyword=named:1c,2",
    ]
