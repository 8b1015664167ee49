"""Words for facts that `platform` records: it stands below everything that could word them."""
from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from suyuan.cases.phrases import HOLD_CAUSES
from suyuan.platform.facts import Told


def hold_placed(told: Told) -> str:
    if cause := HOLD_CAUSES.get(told.plain("cause", "")):
        return _("因為「%(cause)s」，自動開始保全：在解除之前，這個案件的內容不能刪除。") % {"cause": cause}
    return _("開始保全：在解除之前，這個案件的內容不能更改或刪除。")


def hold_lifted(told: Told) -> str:
    return _("解除保全。")


def access_day_closed(told: Told) -> str:
    return _("封存當日的調閱紀錄，共 %(n)s 筆。") % {"n": told.plain("count", 0)}


def signing_key_rotated(told: Told) -> str:
    return _("換了簽章金鑰，由前一把簽署接續。指紋 %(key)s。") % {"key": told.plain("key", "")[:16]}


def master_key_rotated(told: Told) -> str:
    return _("換了主金鑰；內容沒有重新加密，舊的備份單作廢。")


def jobs_revived(told: Told) -> str:
    return _("把 %(n)s 件失敗的背景工作再試一次。") % {"n": told.plain("n", 0)}


def log_restored(told: Told) -> str:
    backup, reason = told.private.get("backup", ""), told.private.get("reason", "")
    return _("由備份還原（%(backup)s）：%(reason)s") % {"backup": backup, "reason": reason}


def files_scrubbed(told: Told) -> str:
    faults = told.plain("faults", 0)
    words = _("重新讀過全部檔案，共 %(n)s 個，沒有損壞。") if not faults else _("重新讀過全部檔案，共 %(n)s 個，其中 %(faults)s 個有問題。")
    return words % {"n": told.plain("files", 0), "faults": faults}


def file_damaged(told: Told) -> str:
    return _("檔案和當初收下的不一樣，或讀不出來。")


def file_mended(told: Told) -> str:
    return _("檔案恢復了，和當初收下的一樣。")


def file_fault_answered(told: Told) -> str:
    return _("有人處理了損壞的檔案，並說明理由。")


def file_key_rotated(told: Told) -> str:
    return _("換了一把保護檔案金鑰的新金鑰。")


def log_anchored(told: Told) -> str:
    by = told.private.get("by", "")
    if told.plain("kind") == "rfc3161":
        return _("時戳機構（%(by)s）見證了第 %(size)s 筆為止的紀錄。") % {"by": by, "size": told.plain("size", 0)}
    return _("%(by)s 連署，見證了第 %(size)s 筆為止的紀錄。") % {"by": by, "size": told.plain("size", 0)}


def erasure_ordered(told: Told) -> str:
    return _("決定刪除 %(n)s 項資料。事實的順序與雜湊值保留，內容不再留存。") % {"n": told.plain("named", 0)}


def erasure_purged(told: Told) -> str:
    if left := told.plain("left", []):
        words = _("刪除完成，但這些資料表太大，要由管理資料庫的人在離峰時間重寫：%(tables)s")
        return words % {"tables": _("、").join(left)}
    return _("刪除完成：資料庫、索引與檔案裡都已清除。")


PLATFORM: Mapping[str, Callable[[Told], str]] = {
    "hold.placed": hold_placed,
    "hold.lifted": hold_lifted,
    "access.day_closed": access_day_closed,
    "keys.signing_rotated": signing_key_rotated,
    "keys.master_rotated": master_key_rotated,
    "jobs.revived": jobs_revived,
    "log.anchored": log_anchored,
    "log.restored": log_restored,
    "files.scrubbed": files_scrubbed,
    "file.damaged": file_damaged,
    "file.mended": file_mended,
    "file.fault_answered": file_fault_answered,
    "file_key.rotated": file_key_rotated,
    "erasure.ordered": erasure_ordered,
    "erasure.purged": erasure_purged,
}
