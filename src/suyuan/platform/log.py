"""Reading the log as of its newest checkpoint: proofs for bundles and receipts, each by O(log n) primary keys."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.db import connection

from suyuan.kernel import merkle
from suyuan.kernel.merkle import Place
from suyuan.platform.models import Checkpoint, FactRow, HeadNode, LogEntry, LogHead, LogNode
from suyuan.platform.models.log import place_number, place_of

# Below the parameters a statement may have on an old SQLite.
AT_ONCE = 900


class LogDamaged(RuntimeError):
    """A node that must be there is not: `suyuan chain verify` says what else is wrong."""


def checkpoint_latest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def index_of(facts: Iterable[FactRow | int]) -> dict[int, int]:
    """Fact id → number in the log. Facts that no checkpoint has numbered are left out."""
    ids = [fact if isinstance(fact, int) else fact.pk for fact in facts]
    found: dict[int, int] = {}
    for some in _chunks(ids):
        found |= dict(LogEntry.objects.filter(fact_id__in=some).values_list("fact_id", "index"))
    return found


def inclusion(index: int, size: int) -> list[str]:
    """The digests that lead from leaf `index` to the root of the log of `size`, from the leaf upwards."""
    return inclusions([index], size)[0]


def inclusions(indexes: Sequence[int], size: int) -> list[list[str]]:
    """The same for many leaves; their nodes are read together."""
    known = nodes_read({place for index in indexes for place in merkle.inclusion_places(index, size)})
    return [[digest.hex() for digest in merkle.inclusion_proof(index, size, known.__getitem__)] for index in indexes]


def consistency(first: int, second: int) -> list[str]:
    """The digests that show the log of `first` to be how the log of `second` begins."""
    known = nodes_read(merkle.consistency_places(first, second))
    return [digest.hex() for digest in merkle.consistency_proof(first, second, known.__getitem__)]


def bucket_at(number: int) -> tuple[list[list[str | int]], list[str]]:
    """The whole bucket and its path to the heads root, as of the newest checkpoint."""
    known = head_nodes_read(merkle.heads_path_places(number))
    entries = LogHead.objects.filter(bucket=number).order_by("token").values_list("token", "position", "leaf")
    # Sorted once more here: a database may have another opinion on the order of text.
    return sorted(list(entry) for entry in entries), [d.hex() for d in merkle.heads_path(number, known.get)]


def nodes_read(places: Collection[Place]) -> dict[Place, bytes]:
    """Full subtrees of the log. Raises LogDamaged when one is not there."""
    found: dict[Place, bytes] = {}
    for some in _chunks(sorted(place_number(place) for place in places)):
        rows = LogNode.objects.filter(pk__in=some).values_list("place", "digest")
        found |= {place_of(number): bytes(digest) for number, digest in rows}
    if gone := set(places) - found.keys():
        raise LogDamaged(f"the log has no node {min(gone)}")
    return found


def head_nodes_read(places: Collection[Place]) -> dict[Place, bytes]:
    """Nodes over the heads; those over no stream at all are not kept and not answered."""
    found: dict[Place, bytes] = {}
    for some in _chunks(sorted(place_number(place) for place in places)):
        rows = HeadNode.objects.filter(pk__in=some).values_list("place", "digest")
        found |= {place_of(number): bytes(digest) for number, digest in rows}
    return found


def frontier_read(size: int) -> merkle.Frontier:
    known = nodes_read(merkle.peaks(size))
    return merkle.Frontier(size, [known[place] for place in merkle.peaks(size)])


# PostgreSQL: whoever lengthens the log or changes its key holds this until the commit. On SQLite every transaction is alone.
_LOG_LOCK = 0x5355_5955_414E_02


def log_hold() -> None:
    """Until the end of this transaction nobody else numbers facts, signs, or changes the signing key."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOG_LOCK])


def _chunks(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[at : at + AT_ONCE] for at in range(0, len(numbers), AT_ONCE))
