"""Sealed bytes in an S3-compatible store, for a chain whose machines share no folder (SUYUAN_FILES=s3://…).

    s3://bucket/prefix?endpoint=https://host:port&region=…      keys from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,
    s3://KEY:SECRET@bucket/prefix?…                             or in the address

The store is given sealed bytes under random names and learns nothing else. A file is there once its last part was
acknowledged, before a row names it; what was never finished is aborted a day later.
"""
from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, BinaryIO

from suyuan.platform.files.errors import StorageFailed, StorageFull
from suyuan.platform.files.sized import Sized
from suyuan.platform.files.storage import TOKEN_BYTES, token_check
from suyuan.platform.storing import Place, place_of

PART = 8 << 20
WINDOW = 4 << 20
TRIES = 3
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "507"})
_GONE = frozenset({"NoSuchKey", "NotFound", "404", "NoSuchUpload"})


@cache
def bucket_at(url: str) -> S3Bucket:
    """One client for the whole process; it is safe between threads."""
    import boto3
    from botocore.config import Config

    place = place_of(url)
    patience = Config(retries={"max_attempts": 4, "mode": "standard"}, connect_timeout=5, read_timeout=30)
    client = boto3.client(
        "s3",
        endpoint_url=place.endpoint,
        region_name=place.region,
        aws_access_key_id=place.key,
        aws_secret_access_key=place.secret,
        config=patience,
    )
    return S3Bucket(client, place)


class S3Bucket:
    """prefix/<first two letters>/<token>; the same promises as `LocalFolder`."""

    def __init__(self, client: Any, place: Place) -> None:
        self.client = client
        self.place = place

    @contextmanager
    def incoming(self) -> Iterator[Growing]:
        """A new file to be written. It vanishes unless `keep()` was called."""
        growing = Growing(self, secrets.token_hex(TOKEN_BYTES))
        try:
            yield growing
        finally:
            growing.close()

    def open(self, token: str) -> BinaryIO:
        """The sealed bytes, read in windows. Raises FileNotFoundError."""
        key = self.key(token)
        with asking():
            size = self.client.head_object(Bucket=self.place.bucket, Key=key)["ContentLength"]
        return io.BufferedReader(_Windows(self, key, size), WINDOW)

    def remove(self, token: str) -> None:
        with suppress(FileNotFoundError), asking():
            self.client.delete_object(Bucket=self.place.bucket, Key=self.key(token))

    def older_than(self, timestamp: float) -> Iterator[str]:
        """Tokens of whole files last written before then."""
        with asking():
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.place.bucket, Prefix=self.place.prefix)
            for page in pages:
                for entry in page.get("Contents", ()):
                    token = entry["Key"].rpartition("/")[2]
                    if entry["LastModified"].timestamp() < timestamp and entry["Key"] == self._key_if_token(token):
                        yield token

    def sweep_incoming(self, timestamp: float) -> int:
        """Abort what was being written before then by processes that did not live to finish it."""
        removed = 0
        with asking():
            pages = self.client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.place.bucket, Prefix=self.place.prefix
            )
            for begun in [begun for page in pages for begun in page.get("Uploads", ())]:
                if begun["Initiated"].timestamp() < timestamp:
                    self._abort(begun["Key"], begun["UploadId"])
                    removed += 1
        return removed

    def where(self) -> str:
        return str(self.place)

    def room(self) -> None:
        """Nobody can tell."""

    def key(self, token: str) -> str:
        token_check(token)
        return f"{self.place.prefix}{token[:2]}/{token}"

    def _key_if_token(self, token: str) -> str | None:
        with suppress(ValueError):
            return self.key(token)
        return None

    def _abort(self, key: str, upload: str) -> None:
        with suppress(FileNotFoundError), asking():
            self.client.abort_multipart_upload(Bucket=self.place.bucket, Key=key, UploadId=upload)


class Growing:
    """One file on its way in: small ones in one request, large ones in parts; never more than a part in memory."""

    def __init__(self, bucket: S3Bucket, token: str) -> None:
        self.token = token
        self._bucket = bucket
        self._at = {"Bucket": bucket.place.bucket, "Key": bucket.key(token)}
        self._held = bytearray()
        self._upload = ""
        self._parts: list[dict[str, Any]] = []
        self._whole = self._kept = False

    def write(self, data: bytes) -> None:
        if self._whole:
            raise ValueError("this file is whole already")
        self._held += data
        while len(self._held) >= PART:
            self._part_send(bytes(self._held[:PART]))
            del self._held[:PART]

    def reader(self) -> BinaryIO:
        """What was written, to look at before it is kept; nothing more can be written after."""
        if not self._upload:
            return io.BytesIO(bytes(self._held))
        self._become_whole()
        return self._bucket.open(self.token)

    def keep(self) -> None:
        """Make it whole and durable. After this only a row is missing."""
        self._become_whole()
        self._kept = True

    def close(self) -> None:
        if self._kept:
            return
        if self._whole:
            self._bucket.remove(self.token)
        elif self._upload:
            self._bucket._abort(self._at["Key"], self._upload)

    def _become_whole(self) -> None:
        if self._whole:
            return
        with asking():
            if not self._upload:
                self._bucket.client.put_object(**self._at, Body=bytes(self._held))
            else:
                if self._held:
                    self._part_send(bytes(self._held))
                self._bucket.client.complete_multipart_upload(
                    **self._at, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
                )
        self._whole = True
        self._held.clear()

    def _part_send(self, body: bytes) -> None:
        client = self._bucket.client
        with asking():
            if not self._upload:
                self._upload = client.create_multipart_upload(**self._at)["UploadId"]
            number = len(self._parts) + 1
            sent = client.upload_part(**self._at, UploadId=self._upload, PartNumber=number, Body=body)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})


class _Windows(Sized):
    """Reads by range requests, each as long as the buffer in front asks for."""

    def __init__(self, bucket: S3Bucket, key: str, size: int) -> None:
        super().__init__(size)
        self._bucket, self._key = bucket, key

    def readinto(self, buffer) -> int:
        end = min(self._at + len(buffer), self._size)
        if self._at >= end:
            return 0
        data = self._range(self._at, end)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _range(self, start: int, end: int) -> bytes:
        told = {"Bucket": self._bucket.place.bucket, "Key": self._key, "Range": f"bytes={start}-{end - 1}"}
        for attempt in range(TRIES):
            try:
                with asking():
                    data = self._bucket.client.get_object(**told)["Body"].read()
                if len(data) == end - start:
                    return data
            except StorageFailed:
                if attempt == TRIES - 1:
                    raise
        raise StorageFailed(errno=None)


@contextmanager
def asking() -> Iterator[None]:
    """Say what the store says as ours would."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _GONE:
            raise FileNotFoundError(code) from error
        if code in _FULL:
            raise StorageFull from error
        raise StorageFailed(errno=None, code=code) from error
    except (BotoCoreError, HTTPClientError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise StorageFailed(errno=None) from error
