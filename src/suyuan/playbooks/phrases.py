"""One sentence per fact of this context."""

from django.utils.translation import gettext as _

from suyuan.platform.facts import Told


def pack_loaded(told: Told) -> str:
    named = {"pack": told.plain("pack"), "version": told.plain("version")}
    if told.plain("reviewed"):
        return _("作業包 %(pack)s 第 %(version)s 版開始使用") % named
    return _("作業包 %(pack)s 第 %(version)s 版開始使用，尚待覆核") % named


PHRASES = {"pack.loaded": pack_loaded}
