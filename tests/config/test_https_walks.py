"""The two ways to HTTPS that the operations page walks through: its commands, its files and its settings do what it says."""
from __future__ import annotations

import json
import os
import re
import shlex
import ssl
import subprocess
import sys
from dataclasses import replace

import pytest

from suyuan.config import cli, up
from suyuan.platform.master import master_create
from suyuan.portal.rules import FORM_FILE_LIMIT
from tests.config.stories import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    """Code of one kind on the page, without the indentation of its list."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```$", PAGE, re.S | re.M)
    return ["\n".join(line.removeprefix(indent) for line in code.splitlines()) for indent, code in found]


STARTS = [block for block in blocks("sh") if "suyuan up" in block]
MAKING = [block for block in blocks("sh") if "openssl" in block]
OWN, BEHIND = STARTS


def started(block: str, monkeypatch) -> up.Start:
    """What `suyuan up` would look at, with the environment of the line."""
    words = shlex.split(block)
    at = words.index("suyuan")
    for name, value in (word.split("=", 1) for word in words[:at]):
        monkeypatch.setenv(name, value)
    return cli._house(cli.parser().parse_args(words[at + 1 :]), serving=True)


@pytest.fixture
def clinic(tmp_path, monkeypatch):
    """Standing in the folder in which the page is read."""
    for name in ("PUBLIC_URL", "PROXIES", "DATA", "KEYS", "SMTP", "MAIL_FROM"):
        monkeypatch.delenv(f"SUYUAN_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def certificate(clinic):
    """The certificate made by the very commands of the page."""
    assert len(MAKING) == 2
    subprocess.run(["bash", "-euc", "\n".join(MAKING)], cwd=clinic, check=True, capture_output=True)
    return clinic / "tls"


def shakes_hands(certificate, name: str) -> None:
    """A browser that trusts the authority meets a server with the certificate. Raises SSLError."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate / "suyuan.pem", certificate / "suyuan.key")
    asking = ssl.create_default_context(cafile=str(certificate / "ca.pem"))
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    client = asking.wrap_bio(to_client, to_server, server_hostname=name)
    done = 0
    while done < 2:
        done = 0
        for side in (client, server):
            try:
                side.do_handshake()
                done += 1
            except ssl.SSLWantReadError:
                pass


def test_the_certificate_is_believed_for_its_name_and_no_other(certificate):
    shakes_hands(certificate, "suyuan.clinic.lan")
    with pytest.raises(ssl.SSLCertVerificationError):
        shakes_hands(certificate, "reviews.clinic.lan")


def test_suyuan_starts_with_it(certificate, monkeypatch):
    start = started(OWN, monkeypatch)
    assert list(up.unsafe(start)) == []
    assert start.public_url.startswith("https://suyuan.clinic.lan:") and start.cert and start.host == "0.0.0.0"
    (certificate / "suyuan.key").chmod(0o644)
    assert [reason.code for reason in up.unsafe(start)] == ["certificate_key_open"]


def test_suyuan_starts_behind_the_proxy_and_stays_on_loopback(clinic, monkeypatch):
    start = started(BEHIND, monkeypatch)
    assert list(up.unsafe(start)) == []
    assert start.host == "127.0.0.1" and start.proxies == ("127.0.0.1",)
    assert [reason.code for reason in up.unsafe(replace(start, proxies=()))] == ["https_without_certificate"]


def test_the_proxy_leads_to_where_suyuan_listens(clinic, monkeypatch):
    [caddyfile] = blocks("caddyfile")
    words = shlex.split(BEHIND)
    assert f"reverse_proxy 127.0.0.1:{words[words.index('--port') + 1]}" in caddyfile
    assert started(BEHIND, monkeypatch).public_url == "https://" + caddyfile.split()[0]
    assert int(re.search(r"max_size (\d+)MB", caddyfile)[1]) * 1_000_000 > FORM_FILE_LIMIT
    assert "encode" not in caddyfile


LOOK = """
import json
from suyuan.config import settings as s
print(json.dumps([s.HTTPS, s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS, s.TRUSTED_PROXIES, s.SESSION_COOKIE_NAME,
                  s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 0]))
"""


@pytest.mark.parametrize(("block", "proxies"), [(OWN, []), (BEHIND, ["127.0.0.1"])])
def test_the_settings_follow_from_the_address(clinic, monkeypatch, block, proxies):
    start = started(block, monkeypatch)
    env = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO_")}
    env |= {"SUYUAN_DATA": str(clinic), "SUYUAN_KEYS": str(clinic / "master.key"), "PYTHONPATH": str(ROOT / "src")}
    master_create(clinic / "master.key")
    ran = subprocess.run([sys.executable, "-c", LOOK], env=env, capture_output=True, text=True, check=True)
    https, hosts, origins, believed, cookie, secure, redirects, hsts = json.loads(ran.stdout)
    assert https and secure and redirects and hsts and cookie.startswith("__Host-")
    assert origins == [start.public_url] and hosts[0] == start.public_url.split("/")[2].partition(":")[0]
    assert believed == proxies
