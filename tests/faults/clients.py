"""People who go on sending complaints, whatever happens to the house; each remembers what it was told."""
from __future__ import annotations

import hashlib
import http.client
import random
import re
import threading
import uuid
from dataclasses import dataclass, field
from html import unescape

REFERENCE = re.compile(r"TN\d{2}-\d{4}-\d{4}")
SECRET = re.compile(r'id="secret">([0-9A-Z-]{23})<')
HIDDEN = re.compile(r'<input type="hidden" name="(csrfmiddlewaretoken|idempotency_key)" value="([^"]+)"')
PURPOSE = re.compile(r'name="(purpose-[^"]+)"')
WRITE, FILES = "/p/tn/write/", "/p/tn/files/"
PHOTO = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")


@dataclass
class Story:
    """One complaint: its words, its files, and the receipt once there is one."""

    words: str
    files: dict[str, bytes]
    reference: str = ""
    secret: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    tus: bool = False
    upload: str = ""  # where the resumable file lies, once the house said so

    @property
    def shas(self) -> list[str]:
        return sorted(hashlib.sha256(data).hexdigest() for data in self.files.values())


class Lost(Exception):
    """The house went away in the middle."""


class Client(threading.Thread):
    """Sends one complaint after another until told to stop. What was cut off is sent again, the same form."""

    def __init__(self, port: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.port, self.chance = port, random.Random(seed)
        self.told: list[Story] = []
        self.cut: Story | None = None
        self.cuts = 0
        self.wrong: list[str] = []
        self.away, self.over = threading.Event(), threading.Event()
        self.away.set()

    def run(self) -> None:
        while not self.over.is_set():
            if self.away.is_set():
                self.over.wait(0.01)
                continue
            story = self.cut or self._story()
            self.cut = story
            try:
                self._send(story)
            except Lost:
                self.cuts += 1
                self.away.set()
                continue
            self.cut = None
            self.told.append(story)

    def _story(self) -> Story:
        mark = uuid.UUID(int=self.chance.getrandbits(128)).hex
        files = {f"{n}-{mark[:6]}.jpg": PHOTO + self.chance.randbytes(self.chance.choice((900, 40_000, 150_000))) for n in (1, 2)}
        return Story(f"第 {mark} 件：左眼還是睜不開。", files, tus=self.chance.random() < 0.4)

    def form(self, story: Story) -> None:
        """Open the form and fill it in."""
        status, page = self._ask(story, "GET", WRITE)
        if status != 200:
            self._odd(f"GET write {status}")
        story.fields = {name: unescape(value) for name, value in HIDDEN.findall(page)}
        story.fields |= {name: "on" for name in PURPOSE.findall(page)}
        story.fields |= {"narrative": story.words, "contact": "someone@example.org", "send": "1"}

    def _send(self, story: Story) -> None:
        if not story.fields:
            self.form(story)
        loose = dict(story.files)
        if story.tus:
            name, data = next(iter(story.files.items()))
            self._resumable(story, name, data)
            loose.pop(name)
        body, kind = multipart(story.fields | ({"upload": story.upload.rsplit("/", 2)[-2]} if story.tus else {}), loose)
        status, page = self._ask(story, "POST", WRITE, body, {"Content-Type": kind})
        found, secret = REFERENCE.search(page), SECRET.search(page)
        if status != 200 or not found or not secret:
            said = re.findall(r'class="sy-error"[^>]*>(.*?)</p>|class="sy-summary".*?</div>', page, re.S)
            words = re.sub(r"<[^>]+>|\s+", " ", " ".join(said) or page)
            return self._odd(f"POST write {status} tus={story.tus} {words[:400]}")
        story.reference, story.secret = found[0], secret[1]

    def _resumable(self, story: Story, name: str, data: bytes) -> None:
        tus = {"Tus-Resumable": "1.0.0"}
        offset = 0
        if not story.upload:
            status, _page = self._ask(story, "POST", FILES, b"", tus | {"Upload-Length": str(len(data))}, keep="upload")
            if status != 201:
                return self._odd(f"tus {status}")
        else:
            status, _page = self._ask(story, "HEAD", story.upload, None, tus, keep="offset")
            offset = int(story.fields.pop("_offset", 0)) if status == 200 else 0
        middle = max(offset, len(data) // 2)
        for begin, end in ((offset, middle), (middle, len(data))):
            if begin == end:
                continue
            sent = tus | {"Upload-Offset": str(begin), "Content-Type": "application/offset+octet-stream"}
            status, page = self._ask(story, "PATCH", story.upload, data[begin:end], sent)
            if status != 204:
                return self._odd(f"tus PATCH {status} {page[:200]}")
        return None

    def _odd(self, what: str) -> None:
        self.wrong.append(what)
        raise Lost(what)

    def _ask(self, story, method: str, path: str, body: bytes | None = None, headers=None, keep: str = "") -> tuple[int, str]:
        """One request on a connection of its own, from a network of its own."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {
            "Host": f"127.0.0.1:{self.port}",
            "Cookie": "; ".join(f"{k}={v}" for k, v in story.cookies.items()),
            "X-Forwarded-For": f"198.51.{self.chance.randrange(256)}.{self.chance.randrange(1, 255)}",
            "Origin": f"http://127.0.0.1:{self.port}",
            "Accept-Language": "zh-TW",
            **(headers or {}),
        }
        try:
            line.request(method, path, body, sent)
            answer = line.getresponse()
            page = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as gone:
            raise Lost(str(gone)) from gone
        finally:
            line.close()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            story.cookies[name] = value
        if keep == "upload":
            story.upload = answer.headers.get("Location", "")
        elif keep == "offset":
            story.fields["_offset"] = answer.headers.get("Upload-Offset", "0")
        return answer.status, page


def multipart(fields: dict[str, str], files: dict[str, bytes]) -> tuple[bytes, str]:
    mark = "suyuan7d1f0c"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()
    ]
    for name, data in files.items():
        head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\nContent-Type: image/jpeg\r\n\r\n'
        parts.append(head.encode() + data + b"\r\n")
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"
