"""Files as they were given to us: streamed in, encrypted, durable before anyone is told so.

Bytes first (`file_receive`, or `upload_…` for files in pieces), row second (`file_store`, `upload_keep`).
"""
from suyuan.platform.files.errors import (
    FileDamaged,
    FileDestroyed,
    FileEmpty,
    FileTooLarge,
    FileTypeRefused,
    StorageFailed,
    StorageFull,
    UploadGone,
    UploadIncomplete,
    UploadInTooManyPieces,
    UploadOffsetWrong,
    UploadUsed,
)
from suyuan.platform.files.examine import may_be_shown
from suyuan.platform.files.services import (
    Received,
    chunks_of,
    file_chunks,
    file_destroy,
    file_name,
    file_open,
    file_receive,
    file_store,
    file_verify,
)
from suyuan.platform.files.storage import LocalFolder, storage
from suyuan.platform.files.types import EXTENSIONS, PORTAL_TYPES, STAFF_TYPES
from suyuan.platform.files.uploads import (
    upload_append,
    upload_drop,
    upload_finish,
    upload_for,
    upload_keep,
    upload_name,
    upload_open,
    uploads_of,
    uploads_total,
)

__all__ = [
    "EXTENSIONS",
    "PORTAL_TYPES",
    "STAFF_TYPES",
    "FileDamaged",
    "FileDestroyed",
    "FileEmpty",
    "FileTooLarge",
    "FileTypeRefused",
    "LocalFolder",
    "Received",
    "StorageFailed",
    "StorageFull",
    "UploadGone",
    "UploadInTooManyPieces",
    "UploadIncomplete",
    "UploadOffsetWrong",
    "UploadUsed",
    "chunks_of",
    "file_chunks",
    "file_destroy",
    "file_name",
    "file_open",
    "file_receive",
    "file_store",
    "file_verify",
    "may_be_shown",
    "storage",
    "upload_append",
    "upload_drop",
    "upload_finish",
    "upload_for",
    "upload_keep",
    "upload_name",
    "upload_open",
    "uploads_of",
    "uploads_total",
]
