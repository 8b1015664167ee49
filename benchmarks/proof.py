"""python3 do.py proof: what takes too long for the tests, on the house of 20,000 complaints; writes PROOF.md.

The whole chain recomputed from its rows, and search compared with reading every text: nothing missed, nothing extra.
"""
from __future__ import annotations

import time
from pathlib import Path

from benchmarks import house, proof_bundle, proof_log, proof_pics, proof_rights, proof_store, words

PROOF = Path(__file__).with_name("PROOF.md")
SIZE = 20_000


def main() -> int:
    house.prepare()
    house.make([1_000, SIZE])
    house.move_into(house.path_of(str(SIZE)))
    rows = [_chain(), *_search(), *proof_log.rows(), *proof_store.rows(), *proof_bundle.rows(), *proof_pics.rows(), *proof_rights.rows()]
    lines = [
        "# Long proofs",
        "",
        f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, the house of {SIZE:,} complaints on SQLite.",
        "",
        "| what | looked at | result | CPU s |",
        "|---|---|---|---|",
        *(f"| {what} | {looked} | {result} | {cpu:.1f} |" for what, looked, result, cpu in rows),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    PROOF.write_text(text, encoding="utf-8")
    return 0 if all(result in ("holds", "exact", *proof_bundle.ENDS_WELL) for _, _, result, _ in rows) else 1


def _chain() -> tuple[str, str, str, float]:
    from suyuan.platform.verify import verify_streams

    begun = time.process_time()
    found = verify_streams()
    looked = f"{found.streams:,} streams, {found.facts:,} facts, {found.texts:,} texts"
    return "chain", looked, "holds" if found.holds else f"{len(found.faults)} FAULTS", time.process_time() - begun


def _search():
    from suyuan.accounts.models import Branch
    from suyuan.kernel.fold import fold
    from suyuan.platform.models import Text
    from suyuan.platform.search import texts_matching

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


if __name__ == "__main__":
    raise SystemExit(main())
