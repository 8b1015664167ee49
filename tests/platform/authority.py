"""A time-stamping authority of our own making, which answers at an address of this machine."""
from __future__ import annotations

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

CONFIG = """
[ tsa ]
default_tsa = house
[ house ]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = yes
tsa_name = no
ess_cert_id_chain = no
"""


class Authority(BaseHTTPRequestHandler):
    """`openssl ts` behind an address of this machine."""

    folder: ClassVar[Path]
    answer: ClassVar[str] = "honest"
    kept: ClassVar[bytes] = b""

    def do_POST(self) -> None:
        question = self.rfile.read(int(self.headers["Content-Length"]))
        (self.folder / "question.tsq").write_bytes(question)
        told = ["-config", "tsa.cnf", "-section", "house", "-queryfile", "question.tsq", "-out", "answer.tsr"]
        extra = ["-chain", "root.pem"] if self.answer == "with its chain" else []
        openssl(self.folder, "ts", "-reply", *told, *extra)
        answer = (self.folder / "answer.tsr").read_bytes()
        if self.answer == "the same again":
            answer = self.kept or answer
        type(self).kept = type(self).kept or answer
        if self.answer == "elsewhere":
            self.send_response(302)
            self.send_header("Location", "/other")
            self.end_headers()
            return
        self.send_response(503 if self.answer == "closed" else 200)
        self.send_header("Content-Type", "text/html" if self.answer == "a page" else "application/timestamp-reply")
        self.end_headers()
        self.wfile.write(answer[:-9] + bytes(9) if self.answer == "broken" else answer)

    def log_message(self, *args: object) -> None:
        pass


def openssl(folder: Path, *told: str) -> None:
    subprocess.run(["openssl", *told], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority_made(tmp_path_factory) -> Path:
    """A root, and a signer under it that may do nothing but stamp."""
    folder = tmp_path_factory.mktemp("authority")
    assert shutil.which("openssl"), "these tests need openssl"
    (folder / "tsa.cnf").write_text(CONFIG)
    (folder / "serial").write_text("01\n")
    (folder / "ext.cnf").write_text("extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n")
    for name in ("root", "stranger"):
        made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
        openssl(folder, *made, "-subj", f"/CN=Test {name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    asked = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Test authority"]
    openssl(folder, *asked, "-keyout", "tsa.key", "-out", "tsa.csr")
    signed = ["x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "7"]
    openssl(folder, *signed, "-days", "3000", "-extfile", "ext.cnf", "-out", "tsa.pem")
    return folder


@pytest.fixture
def authority(authority_made, monkeypatch):
    monkeypatch.setattr(Authority, "folder", authority_made, raising=False)
    monkeypatch.setattr(Authority, "answer", "honest")
    monkeypatch.setattr(Authority, "kept", b"")
    server = HTTPServer(("127.0.0.1", 0), Authority)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()
