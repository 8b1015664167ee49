"""A receipt's place (docs/bundle.md): whether the event on a receipt stands in the log that was signed. Same tools, same words."""
from __future__ import annotations

import re

from suyuan.evidence.verifier import verify
from suyuan.evidence.verifier.verify import Refused, require

FORMAT, PARTS = "suyuan place 1", "format:str receipt:str index:int inclusion:list checkpoint:str signature:str keys:list"
SIGNATURE = re.compile(r"[0-9a-f]{128}\Z")

WORDS = {
    "not_a_place": ("這不是完整的證明，或檔案不完整", "这不是完整的证明，或文件不完整", "this is not a receipt's place, or only a part of one"),
    "other": ("這是另一張收據的證明", "这是另一张回执的证明", "this is the place of another receipt"),
    "signature_form": ("簽章應為 128 個十六進位數字", "签名应为 128 个十六进制数字", "a signature has 128 hexadecimal digits"),
    "valid": (
        "有效：收據所指的事件，在簽過名的紀錄裡",
        "有效：回执所指的事件，在签过名的记录里",
        "VALID: the event on the receipt stands in the log that was signed",
    ),
    "event": (
        "收據說：事件 {0} 第 {1} 個，記錄於 {2}；它的指紋在全部紀錄裡排第 {3} 筆",
        "回执说：事件 {0} 第 {1} 个，记录于 {2}；它的指纹在全部记录里排第 {3} 条",
        "the receipt says: event {1} of {0}, recorded at {2}; its digest is number {3} of the whole log",
    ),
    "key": ("簽章金鑰指紋 {0}", "签名密钥指纹 {0}", "signing key {0}"),
    "not_shown": (
        "這項檢查不能證明的事：\n  - 這個指紋就是那個位置、那個時間的事件：只有收據這樣說，證據包才核對得出來\n  - 事件說了什麼，以及說的是否屬實\n  - 第一個第三方見證之前，事情究竟何時發生\n  - 檢查點之後發生的事",
        "这项检查不能证明的事：\n  - 这个指纹就是那个位置、那个时间的事件：只有回执这样说，证据包才核对得出来\n  - 事件说了什么，以及说的是否属实\n  - 第一个第三方见证之前，事情究竟何时发生\n  - 检查点之后发生的事",
        "What this does not show:\n  - that the digest is that of the event at this place and of this time: the receipt alone says so, a bundle shows it\n"
        "  - what the event says, and that it is true\n  - when something happened before the first anchor\n"
        "  - what came after the checkpoint",
    ),
}


class _Parts:
    """The parts of a place, under the names by which the tools of a bundle ask for them."""

    def __init__(self, told: dict) -> None:
        self._told = told

    def json(self, name: str, kind: type) -> list:
        return self._told["keys"]

    def text(self, name: str) -> str:
        return self._told["checkpoint"]

    def read(self, name: str, most: int) -> bytes:
        return bytes.fromhex(self._told["signature"])


def judge(content: bytes, pin: str | None, receipt: bytes | None, language: str) -> tuple[int, list[str]]:
    """Exit code and lines, as the verifier of bundles says them."""
    say = _words(language)
    try:
        told, given, checkpoint, leading = _held(content, receipt)
        fingerprint = re.sub(r"[\s:-]", "", pin or "").lower()
        require(not fingerprint or verify.is_hex(fingerprint), "pin_form", fingerprint[:80], 2)
    except Refused as refused:
        code, why, where = refused.args
        return code, [say(("tampered", "unreadable")[code - 1], say(why), where)]
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return 1, [say("tampered", say("shape"), type(error).__name__)]
    (token, position), _leaf, at, *_rest = given
    pinned = fingerprint in leading
    lines = [say("valid" if pinned else "unpinned"), say("event", token, position, at, told["index"])]
    lines += [say("checkpoint", checkpoint.at, checkpoint.size, checkpoint.clock, checkpoint.software)]
    lines += [say("key", checkpoint.key)] + [say("epoch", checkpoint.epoch - 1)] * (checkpoint.epoch > 1)
    return (0 if pinned else 3), [*lines, say("not_shown")]


def _held(content: bytes, receipt: bytes | None) -> tuple[dict, tuple, verify.Checkpoint, list[str]]:
    """Raises Refused; otherwise what it says, its receipt, its checkpoint, and the keys that lead to it."""
    told = _read(content)
    require(SIGNATURE.match(told["signature"]), "signature_form", "signature")
    given, parts = verify.receipt_read(told["receipt"].encode()), _Parts(told)
    chain = verify.check_keys(parts)
    checkpoint = verify.Checkpoint(parts, "checkpoint", chain)
    (_token, position), leaf, _at, key, text, signature = given
    signed = key in chain and verify.ed25519_valid(chain[key], text, signature)
    require(signed, "receipt_signature", f"receipt, key {key}")
    proof = verify.digests_read(told["inclusion"], "inclusion")
    here = verify.included(told["index"], checkpoint.size, bytes.fromhex(leaf), proof, checkpoint.root)
    require(here, "inclusion", f"index {told['index']}, inclusion")
    if receipt is not None:
        require(verify.receipt_read(receipt) == given, "other", f"receipt #{position}")
    order = list(chain)
    return told, given, checkpoint, order[: order.index(checkpoint.key) + 1]


def _read(content: bytes) -> dict:
    try:
        told = verify.json_read(content.rstrip(b"\r\n"), "json")
    except Refused as refused:
        raise Refused(2, "not_a_place", "json") from refused
    require(isinstance(told, dict) and told.get("format") == FORMAT, "format", "format", 2)
    return verify.record(told, "format", PARTS)


def _words(language: str):
    place = verify.LANGUAGES.index(language)

    def say(code: str, *values: object) -> str:
        shown = ("".join(c if c.isprintable() else "?" for c in str(value)) for value in values)
        return (WORDS.get(code) or verify.WORDS[code])[place].format(*shown)

    return say
