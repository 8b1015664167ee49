"""Refusals of this context, and the words for them."""

from django.utils.translation import gettext as _

from suyuan.kernel.refusal import Refusal


class PackMissing(Refusal):
    code = "pack_missing"
    status = 409

    def message(self) -> str:
        return _("還沒有載入這裡需要的作業包。請管理者先載入程序、法規與行事曆。")


class PackRefused(Refusal):
    """The pack has mistakes; `problems` lists them all, each with file and line."""

    code = "pack_refused"
    status = 422

    def message(self) -> str:
        problems = self.data.get("problems", ())
        return "\n".join([_("作業包沒有載入，原本的內容照舊。請先修正："), *(str(problem) for problem in problems)])
