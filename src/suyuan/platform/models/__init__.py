from suyuan.platform.models.access import AccessRow
from suyuan.platform.models.chain import ChainPending, FactPrivate, FactRow, StreamHead
from suyuan.platform.models.erasure import ErasureOrder, ErasureTarget
from suyuan.platform.models.files import FileFault, ScrubRun, StoredFile, Upload, UploadPiece
from suyuan.platform.models.holds import Hold
from suyuan.platform.models.idempotency import IdempotencyKey
from suyuan.platform.models.jobs import Job
from suyuan.platform.models.keys import Installation, WrappedKey
from suyuan.platform.models.log import Anchor, Checkpoint, HeadNode, LogEntry, LogHead, LogNode
from suyuan.platform.models.texts import Text, TextIndex

__all__ = [
    "AccessRow",
    "Anchor",
    "ChainPending",
    "Checkpoint",
    "ErasureOrder",
    "ErasureTarget",
    "FactPrivate",
    "FactRow",
    "HeadNode",
    "FileFault",
    "Hold",
    "IdempotencyKey",
    "Installation",
    "Job",
    "LogEntry",
    "LogHead",
    "LogNode",
    "ScrubRun",
    "StoredFile",
    "StreamHead",
    "Text",
    "TextIndex",
    "Upload",
    "UploadPiece",
    "WrappedKey",
]
