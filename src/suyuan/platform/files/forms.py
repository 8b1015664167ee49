"""Files that come in one piece with a form: no more of one than a form may carry ever reaches the disk."""
from __future__ import annotations

import io

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from suyuan.kernel.sizes import LARGEST_IN_A_FORM


class NoLargerThanAForm(FileUploadHandler):
    """Stands before the others. A file over the limit comes out empty, with its true size, so that its refusal has words."""

    def new_file(self, *args, **kwargs) -> None:
        super().new_file(*args, **kwargs)
        self._seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self._seen += len(raw_data)
        return raw_data if self._seen <= LARGEST_IN_A_FORM else None

    def file_complete(self, file_size: int) -> UploadedFile | None:
        if self._seen <= LARGEST_IN_A_FORM:
            return None
        return UploadedFile(io.BytesIO(), self.file_name, self.content_type, self._seen, self.charset)
