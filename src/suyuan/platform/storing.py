"""What the setting SUYUAN_FILES says. No Django and no boto3 here: it is read before either stands."""
from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Place:
    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None
    key: str | None = field(repr=False)
    secret: str | None = field(repr=False)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


def place_of(url: str) -> Place:
    """Raises ValueError with what is wrong, in words for whoever wrote the setting."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname:
        raise ValueError("it must read s3://bucket/prefix?endpoint=https://host")
    told = parse_qs(parts.query, strict_parsing=bool(parts.query))
    if unknown := set(told) - {"endpoint", "region"}:
        raise ValueError(f"unknown option: {', '.join(sorted(unknown))}")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("a key without its secret")
    prefix = parts.path.strip("/")
    return Place(
        bucket=parts.hostname,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=told.get("endpoint", [None])[0],
        region=told.get("region", [None])[0],
        key=unquote(parts.username) if parts.username else None,
        secret=unquote(parts.password) if parts.password else None,
    )


def setting_fault(url: str) -> str:
    """Why this setting cannot work here; "" when it can."""
    try:
        place_of(url)
    except ValueError as wrong:
        return str(wrong)
    return "" if find_spec("boto3") else "boto3 is missing: install suyuan[s3]"
