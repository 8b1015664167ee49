"""A bundle whose checkpoints others have seen, and the recipe of docs/verify.md typed by somebody who has only openssl."""
from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import textwrap
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from suyuan.cases.services.bundles import case_bundle
from suyuan.evidence.services.bundles import bundle_write
from suyuan.evidence.verifier import verify
from suyuan.platform.anchors import checkpoint_timestamp, cosignature_accept
from suyuan.platform.checkpoints import checkpoint_make
from suyuan.platform.cosigning import cosign
from tests.cases.cast import NOON
from tests.evidence.judges import first, second
from tests.evidence.test_bundles import with_file

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-15"), pytest.mark.sqlite]

RECIPE = Path(__file__).parents[2] / "docs" / "verify.md"
HOUR = timedelta(hours=1)


@pytest.fixture
def anchored(cast, make_case, authority, authority_made, settings):
    """One checkpoint that an authority stamped, a later one that a law firm signed, and a case that went on: (pin, bytes)."""
    settings.TIMESTAMP_ROOTS = str(authority_made / "root.pem")
    case = make_case()
    checkpoint_timestamp(checkpoint=checkpoint_make(now=NOON), url=authority, now=NOON)
    with_file(cast, case)
    seen = checkpoint_make(now=NOON + HOUR)
    firm = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pem = firm.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signed = cosign(checkpoint=seen.text, key_pem=pem, by="安平法律事務所", now=NOON + HOUR)
    cosignature_accept(cosignature=signed, actor=cast.head.actor, now=NOON + HOUR)
    export, plan = case_bundle(case=case, purpose="litigation", actor=cast.head.actor, now=NOON + 2 * HOUR)
    out = io.BytesIO()
    bundle_write(plan=plan, out=out)
    return export.checkpoint.fingerprint, out.getvalue()


def test_both_verifiers_accept_what_an_authority_and_a_law_firm_have_seen(anchored, authority_made, tmp_path):
    pin, bundle = anchored
    report = verify.verify(io.BytesIO(bundle), pin)
    assert [(kind, by) for kind, _, by in report.anchors] == [("rfc3161", ""), ("cosignature", "安平法律事務所")]
    assert first(bundle, pin) == (0, "")
    path = tmp_path / "case.zip"
    path.write_bytes(bundle)
    assert second([(path, pin, "")], tsa=authority_made / "root.pem") == [(0, "valid")]
    assert second([(path, pin, "")], tsa=authority_made / "stranger.pem")[0][0] == 1

    inside = zipfile.ZipFile(path)
    sizes = [int(name.split("/")[1].split("-")[0]) for name in inside.namelist() if re.match(r"earlier/.*\.txt", name)]
    assert sizes and [one["from"] for one in json.loads(inside.read("proofs.json"))["consistency"]] == sizes
    assert max(sizes) < report.checkpoint.size


def _recipe() -> tuple[list[str], str]:
    """The commands as they are printed, and the script."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", RECIPE.read_text(encoding="utf-8").split("## With openssl alone")[1], re.MULTILINE)
    *commands, script = [textwrap.dedent(block).strip() for block in blocks]
    return [line for block in commands for line in block.splitlines()], script


def test_the_recipe_of_the_docs_works_as_it_is_printed(anchored, authority_made, tmp_path):
    pin, bundle = anchored
    zipfile.ZipFile(io.BytesIO(bundle)).extractall(tmp_path)
    (tmp_path / "authority.pem").write_bytes((authority_made / "root.pem").read_bytes())
    stamped = json.loads((tmp_path / "anchors.json").read_bytes())[0]["checkpoint"]
    commands, script = _recipe()

    def typed(command: str) -> str:
        return subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    said, where = {}, ""
    for command in commands:
        said[command.split(" -")[0]] = said.get(command.split(" -")[0], "") + typed(command.replace("earlier/SIZE-DIGEST.txt", where))
        if command.startswith("sha256sum checkpoint.txt"):
            where = next(line.split()[1] for line in said[command].splitlines() if line.startswith(stamped))
    assert said["openssl pkeyutl"].count("Signature Verified Successfully") == 2
    assert said["openssl pkey"].startswith(pin)
    listed = said["(cd payload/files && sha256sum *)"].split()
    assert listed and listed[0] == listed[1]
    assert "openssl ts" in said and where.startswith("earlier/")

    told = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert {line.split(" ", 1)[1] for line in told.splitlines()} == {"ok"}
    wrong = subprocess.run(
        ["openssl", "ts", "-verify", "-in", "anchors/0.tsr", "-data", "checkpoint.txt", "-CAfile", "authority.pem"], cwd=tmp_path, capture_output=True, check=False
    )  # fmt: skip
    assert wrong.returncode  # the newest checkpoint is not the one that was seen
