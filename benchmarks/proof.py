"""python3 do.py proof [part …]: what takes too long for the tests; writes PROOF.md, part by part, each with its day.

Each part runs in a process of its own, by itself: `chain search log store bundle faults pictures rights`. Parts that are not
asked for keep the table of the last time.
"""
from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import house, proof_bundle, proof_faults, proof_log, proof_pics, proof_rights, proof_store, words

PROOF = Path(__file__).with_name("PROOF.md")
SIZE = 20_000
ENDS_WELL = ("holds", "exact", "all found", "agree", "made", "each found and named")
Row = tuple[str, str, str, float]


def main(wanted: list[str]) -> int:
    if unknown := set(wanted) - PARTS.keys():
        print(f"No such part: {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    missed = False
    for part in wanted or PARTS:
        began, wall = time.strftime("%Y-%m-%d %H:%M", time.gmtime()), time.monotonic()
        rows = _by_itself(part)
        table = _table(rows, began, time.monotonic() - wall)
        _keep(part, table)
        print(f"## {part}\n\n{table}", flush=True)
        missed |= not rows or any(result not in ENDS_WELL for _, _, result, _ in rows)
    return int(missed)


def _by_itself(part: str) -> list[Row]:
    with tempfile.NamedTemporaryFile("r") as told:
        done = subprocess.run([sys.executable, "-m", "benchmarks.proof", "--into", told.name, part], cwd=house.ROOT)
        rows = [tuple(json.loads(line)) for line in told]
    if done.returncode:
        rows.append((part, "", f"ENDED WITH {done.returncode}", 0.0))
    return rows


def _table(rows: list[Row], began: str, seconds: float) -> str:
    lines = [f"{began} UTC, {seconds / 60:.0f} minutes.", "", "| what | looked at | result | CPU s |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {what} | {looked} | {result} | {cpu:.1f} |" for what, looked, result, cpu in rows)])


def _keep(part: str, table: str) -> None:
    told = dict(re.findall(r"^## (\w+)\n\n(.*?)\n(?=\n## |\Z)", PROOF.read_text(encoding="utf-8") if PROOF.exists() else "", re.M | re.S))
    told[part] = table
    head = "# Long proofs\n\n`python3 do.py proof` makes all of it again, `python3 do.py proof log` one part.\n"
    PROOF.write_text(head + "".join(f"\n## {name}\n\n{told[name]}\n" for name in PARTS if name in told), encoding="utf-8")


# --- the house of 20,000 complaints ------------------------------------------------------------------------------------


def _settled() -> None:
    house.prepare()
    house.make([1_000, SIZE])
    house.move_into(house.path_of(str(SIZE)))


def _chain() -> Iterator[Row]:
    """Every stream recomputed from its rows."""
    from suyuan.platform.verify import verify_streams

    _settled()
    begun = time.process_time()
    found = verify_streams()
    looked = f"{SIZE:,} complaints, {found.streams:,} streams, {found.facts:,} facts, {found.texts:,} texts"
    yield "chain", looked, "holds" if found.holds else f"{len(found.faults)} FAULTS", time.process_time() - begun


def _search() -> Iterator[Row]:
    """Search compared with reading every text: nothing missed, nothing extra."""
    from suyuan.accounts.models import Branch
    from suyuan.kernel.fold import fold
    from suyuan.platform.models import Text
    from suyuan.platform.search import texts_matching

    _settled()
    branch = Branch.objects.get(code="TN").pk
    texts = list(Text.objects.filter(branch_id=branch, compartment="").values_list("pk", "body"))
    folded = [(pk, fold(body)) for pk, body in texts]
    for asked in ((*words.FREQUENT, *words.FEELINGS), (*words.SELDOM, *words.RARE), ("痂", "鉺", "退")):
        begun, wrong = time.process_time(), []
        for word in asked:
            found = set(texts_matching(word, branches={branch}, compartments={""}).values_list("pk", flat=True))
            truth = {pk for pk, body in folded if fold(word) in body}
            if found != truth:
                wrong.append(word)
        looked = f"{len(asked)} words in {len(texts):,} texts: {'、'.join(asked)}"
        yield "search", looked, "exact" if not wrong else f"WRONG for {'、'.join(wrong)}", time.process_time() - begun


PARTS = {
    "chain": _chain,
    "search": _search,
    "log": proof_log.rows,
    "store": proof_store.rows,
    "bundle": proof_bundle.rows,
    "faults": proof_faults.rows,
    "pictures": proof_pics.rows,
    "rights": proof_rights.rows,
}


def one(part: str, into: str) -> int:
    """One part, here; each row is written down as soon as it is known."""
    if part not in ("store", "faults"):
        house.prepare()
    with open(into, "w", encoding="utf-8") as told:
        for row in PARTS[part]():
            print(json.dumps(row, ensure_ascii=False), file=told, flush=True)
            house.say(f"  {row[0]}: {row[2]}")
    return 0


if __name__ == "__main__":
    asked = sys.argv[1:]
    raise SystemExit(one(asked[2], asked[1]) if asked[:1] == ["--into"] else main(asked))
