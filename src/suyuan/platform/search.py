"""Exact search in people's words, the same on both databases.

The index (`TextIndex`: FTS5 on SQLite, tsvector on PostgreSQL) only narrows; each term is then looked for in the
marked, folded text by SQL, and branch and compartment are asked of the text's own columns. So a result never depends on
what a tokenizer thinks. Whoever may see less than their branches narrows the queryset before counting or paging.

    texts_matching(query, branches=…, compartments=…)   newest first, lazily; branches=None: every branch
    scan_matching(query, texts)                         the same answer for a queryset of few texts, without the index
    streams_found(texts)                                the streams of matching texts, newest first, up to a limit
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Lookup, Max, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext as _

from suyuan.kernel import fold
from suyuan.kernel.refusal import BadInput
from suyuan.platform import clock, units
from suyuan.platform.jobs import periodic
from suyuan.platform.models import Text, TextIndex
from suyuan.platform.models.texts import TokensField

MAX_QUERY = 200
COUNT_CAP = 1_000
MERGE_PAGES = 64
MERGE_FOR = timedelta(seconds=5)

# Private-use characters, which folding strips from texts and queries: nobody can type these tokens.
_BRANCH = "\ue001"
_COMPARTMENT = "\ue002"
_UNDERSCORE = "\ue15f"  # the tokenizer splits at the real one

# As much of a query as the index is asked; the recheck asks all of it.
_TOKENS_ASKED = 48
_ROWS_AT_ONCE = 500


class QueryTooLong(BadInput):
    code = "query_too_long"

    def message(self) -> str:
        return _("搜尋的文字太長了，最多 %(limit)s 字。") % {"limit": MAX_QUERY}


@dataclass(frozen=True)
class Ask:
    """What the index is asked: all tokens, a token for each beginning, one of each group."""

    tokens: tuple[str, ...]
    prefixes: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...] = ()

    def fts5(self) -> str:
        parts = [f'"{token}"' for token in self.tokens]
        parts += [f'"{prefix}"*' for prefix in self.prefixes]
        parts += ["(" + " OR ".join(f'"{token}"' for token in group) + ")" for group in self.groups]
        return " AND ".join(parts)

    def tsquery(self) -> str:
        parts = [_quoted(token) for token in self.tokens]
        parts += [f"{_quoted(prefix)}:*" for prefix in self.prefixes]
        parts += ["(" + " | ".join(_quoted(token) for token in group) + ")" for group in self.groups]
        return " & ".join(parts)


def _quoted(token: str) -> str:
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


@TokensField.register_lookup
class Have(Lookup):
    """tokens__have=Ask(…)"""

    lookup_name = "have"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} MATCH %s", [*params, self.rhs.fts5()]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} @@ %s::tsquery", [*params, self.rhs.tsquery()]


# Asking


def texts_matching(query: str, *, branches: Collection[int] | None, compartments: Collection[str]) -> QuerySet[Text]:
    """Texts in these branches and compartments in which every term of `query` occurs, newest first."""
    sought = _terms(query)
    if not sought or not compartments or (branches is not None and not branches):
        return Text.objects.none()
    found = Text.objects.filter(
        indexed__tokens__have=_ask(sought, branches, compartments), compartment__in=sorted(compartments)
    )
    if branches is not None:
        found = found.filter(branch_id__in=sorted(branches))
    # Ordered by the index's own row number, so that FTS5 reads from the newest on and a page stops early.
    return _rechecked(found, sought).order_by("-indexed__text_id")


def scan_matching(query: str, texts: QuerySet[Text]) -> QuerySet[Text]:
    """The texts of a small queryset in which every term of `query` occurs, newest first."""
    sought = _terms(query)
    if not sought:
        return texts.none()
    return _rechecked(texts, sought).order_by("-id")


def streams_found(texts: QuerySet[Text], *, most: int = COUNT_CAP + 1, by: str = "stream") -> list[str]:
    """The streams of matching texts, by their newest match; with `most` of them there may be more.

    `by` may be an annotation that says for several streams to what they belong together. Narrow `texts` to what the
    reader may see before. Mostly the newest matches settle it in one statement, without reading all of them.
    """
    for read in (most + most // 4, 8 * most, 64 * most):
        newest = list(texts.values_list(by, flat=True)[:read])
        streams = list(dict.fromkeys(newest))
        if len(newest) < read or len(streams) >= most:
            return streams[:most]
    latest = texts.order_by().values(by).annotate(latest=Max("id")).order_by("-latest")
    return list(latest.values_list(by, flat=True)[:most])


def _terms(query: str) -> list[str]:
    if len(query) > MAX_QUERY:
        raise QueryTooLong()
    return fold.terms(query)


def _ask(terms: Sequence[str], branches: Collection[int] | None, compartments: Collection[str]) -> Ask:
    sought = fold.sought(terms)
    groups = []
    if branches is not None:
        groups.append(tuple(_branch_token(branch) for branch in sorted(branches)))
    if "" not in compartments:  # open words carry no token: nearly all words are open
        groups.append(tuple(_compartment_token(compartment) for compartment in sorted(compartments)))
    return Ask(sought.tokens[:_TOKENS_ASKED], sought.prefixes[:_TOKENS_ASKED], tuple(groups))


def _rechecked(texts: QuerySet[Text], terms: Iterable[str]) -> QuerySet[Text]:
    for term in terms:
        texts = texts.filter(GreaterThan(StrIndex(F("folded"), Value(term)), 0))
    return texts


# Writing


def index_flush(unit: units.Unit) -> None:
    """Index the texts this unit has written: one statement. Called by the unit before its facts are chained."""
    rows, unit.texts = unit.texts, []
    _index((row.pk, row.folded, row.branch_id, row.compartment) for row in rows)


def stream_rescope(*, stream: str, branch_id: int | None = None, compartment: str | None = None) -> int:
    """The stream's texts now stand in another branch or compartment: index them anew in the open service."""
    index_flush(units.required())
    changed = {"branch_id": branch_id, "compartment": compartment}
    texts = Text.objects.filter(stream=stream)
    moved = texts.update(**{name: value for name, value in changed.items() if value is not None})
    _reindex(texts)
    return moved


def index_rebuild() -> int:
    """Fold and index every text anew, after the way of folding has changed. Returns how many texts were folded anew."""
    refolded = 0
    for chunk in _chunks(Text.objects.all()):
        with units.unit():
            for text in Text.objects.filter(pk__in=chunk).order_by("pk"):
                folded = fold.searchable(text.body)
                if folded != text.folded:
                    refolded += Text.objects.filter(pk=text.pk).update(folded=folded)
            _reindex(Text.objects.filter(pk__in=chunk))
    return refolded


def _reindex(texts: QuerySet[Text]) -> None:
    for chunk in _chunks(texts):
        TextIndex.objects.filter(pk__in=chunk)._raw_delete(TextIndex.objects.db)
        _index(Text.objects.filter(pk__in=chunk).order_by("pk").values_list("pk", "folded", "branch_id", "compartment"))


def _chunks(texts: QuerySet[Text]) -> Iterable[list[int]]:
    last = 0
    while chunk := list(texts.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_ROWS_AT_ONCE]):
        yield chunk
        last = chunk[-1]


def _index(rows: Iterable[tuple[int, str, int, str]]) -> None:
    tokens = [(pk, [*fold.grams(folded), *_scope(branch, compartment)]) for pk, folded, branch, compartment in rows]
    one = "(%s, array_to_tsvector(%s))" if connection.vendor == "postgresql" else "(%s, %s)"
    for start in range(0, len(tokens), _ROWS_AT_ONCE):
        chunk = tokens[start : start + _ROWS_AT_ONCE]
        params: list[Any] = []
        for pk, words in chunk:
            params += [pk, words if connection.vendor == "postgresql" else " ".join(words)]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO platform_textindex (rowid, {column}) VALUES {rows}".format(
                    column="platform_textindex" if connection.vendor == "postgresql" else "tokens",
                    rows=", ".join([one] * len(chunk)),
                ),
                params,
            )


def _scope(branch_id: int, compartment: str) -> list[str]:
    return [_branch_token(branch_id), *([_compartment_token(compartment)] if compartment else [])]


def _branch_token(branch_id: int) -> str:
    return f"{_BRANCH}{branch_id}"


def _compartment_token(compartment: str) -> str:
    return _COMPARTMENT + compartment.replace("_", _UNDERSCORE)


# Tidying


def merge_step(pages: int = MERGE_PAGES) -> bool:
    """Join a few pages of the index. True: there may be more to do. Small, so that no writer waits for long."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT gin_clean_pending_list('platform_textindex_tokens'::regclass)")
        return False
    connection.ensure_connection()
    before = connection.connection.total_changes
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO platform_textindex (platform_textindex, rank) VALUES ('merge', %s)", [pages])
    # One change is the command itself.
    return connection.connection.total_changes - before >= 2


@periodic("* * * * *", "search.merge")
def merge(args: dict, now: datetime) -> None:
    until = clock.now() + MERGE_FOR
    while merge_step() and clock.now() < until:
        pass
