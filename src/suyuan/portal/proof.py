"""The proof on a receipt: where the complaint stands in the chain, signed."""
from __future__ import annotations

from suyuan.cases.models import Case
from suyuan.platform.models import FactRow
from suyuan.platform.proofs import Placed, Proof, proof_judge, proof_of_fact, proof_placed, proof_read

__all__ = ["Placed", "Proof", "proof_judge", "proof_of", "proof_placed", "proof_read"]

FIRST_FACTS = ("case.opened", "case.completed")


def proof_of(case: Case) -> Proof | None:
    """Of the fact the complaint came in with."""
    row = FactRow.objects.filter(stream=case.stream, type__in=FIRST_FACTS).order_by("-position").first()
    return proof_of_fact(row) if row is not None else None
