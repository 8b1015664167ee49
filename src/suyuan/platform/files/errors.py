"""Why a file was not taken, or cannot be shown."""
from __future__ import annotations

from django.utils.translation import gettext as _

from suyuan.kernel.refusal import Refusal
from suyuan.kernel.sizes import LARGEST_FILE, size_words


class FileEmpty(Refusal):
    code = "file_empty"
    status = 422

    def message(self) -> str:
        return _("這個檔案是空的（0 位元組），沒有收下。請重新選擇檔案。")


class FileTooLarge(Refusal):
    """Carries `limit` in bytes; `in_form`: it came in one piece with a form, and by tus it might have been taken."""

    code = "file_too_large"
    status = 413

    def message(self) -> str:
        limit = size_words(self.data["limit"])
        if self.data.get("in_form"):
            words = _("檔案太大，沒有收下。沒有執行 JavaScript 的瀏覽器，每個檔案最多 %(limit)s；換一個瀏覽器，每個最多 %(more)s。")
            return words % {"limit": limit, "more": size_words(LARGEST_FILE)}
        return _("檔案太大，沒有收下。每個檔案最多 %(limit)s。") % {"limit": limit}


class FileTypeRefused(Refusal):
    """Carries `found`: what the content is, whatever its name says."""

    code = "file_type_refused"
    status = 415

    def message(self) -> str:
        words = _(
            "這種檔案（%(found)s）不能收。可以收的有：照片、影片、錄音、PDF、Word、Excel、"
            "PowerPoint、純文字與電子郵件檔；壓縮檔由診所人員加入。"
        )
        return words % {"found": self.data["found"]}


class StorageFull(Refusal):
    code = "storage_full"
    status = 507

    def message(self) -> str:
        return _("儲存空間已滿，檔案沒有收下。請稍後再試，或以電話聯絡我們。")


class StorageFailed(Refusal):
    """The disk refused. Carries `errno`."""

    code = "storage_failed"
    status = 503

    def message(self) -> str:
        return _("檔案暫時無法儲存，沒有收下。請稍後再試。")


class FileDamaged(Refusal):
    """What lies in storage is not what was stored. Carries `uid` and `why`."""

    code = "file_damaged"
    status = 503

    def message(self) -> str:
        return _("這個檔案的內容無法通過檢查，因此不顯示。請通知系統管理員。")


class FileDestroyed(Refusal):
    code = "file_destroyed"
    status = 410

    def message(self) -> str:
        return _("這個檔案已依刪除決定銷毀。")


class UploadGone(Refusal):
    """Not there, expired, or somebody else's: all look alike."""

    code = "upload_gone"
    status = 404

    def message(self) -> str:
        return _("找不到這次上傳，可能已逾時。請重新選擇檔案。")


class UploadOffsetWrong(Refusal):
    """The next byte is another one. Carries `offset`, the one we wait for."""

    code = "upload_offset_wrong"
    status = 409

    def message(self) -> str:
        return _("上傳位置不符，請從第 %(offset)d 位元組繼續。") % self.data


class UploadIncomplete(Refusal):
    """Handed in before all of it arrived."""

    code = "upload_incomplete"
    status = 409

    def message(self) -> str:
        return _("檔案還沒有上傳完成。")


class UploadUsed(Refusal):
    """Handed in already."""

    code = "upload_used"
    status = 409

    def message(self) -> str:
        return _("這個檔案已經送出過了。")


class UploadInTooManyPieces(Refusal):
    code = "upload_in_too_many_pieces"
    status = 429

    def message(self) -> str:
        return _("這次上傳中斷太多次，請重新選擇檔案。")


class FaultAnswered(Refusal):
    """Somebody has answered for it already, or the file is whole again."""

    code = "fault_answered"
    status = 409

    def message(self) -> str:
        return _("這個檔案的問題已經有人處理，或檔案已經恢復。")
