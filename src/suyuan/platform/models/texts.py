from __future__ import annotations

from django.db import models

from suyuan.platform import chance


class Text(models.Model):
    """Words as they were written, frozen. `stream` says what they belong to; no foreign key points up from here.

    `branch_id` and `compartment` say where the words stand now and may change; `folded` is derived from `body`.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    compartment = models.CharField(max_length=20, default="", blank=True)
    branch_id = models.PositiveBigIntegerField()
    body = models.TextField()
    folded = models.TextField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["stream", "id"], name="text_by_stream")]


class TokensField(models.TextField):
    """What a text can be found by. Asked with the lookup `have` only (`platform.search`)."""


class TextIndex(models.Model):
    """One row per Text in the search index: FTS5 on SQLite, tsvector with GIN on PostgreSQL.

    Both tables are made by migration 0002 and call their columns alike. FTS5 asks its whole table by a hidden column that
    carries the table's own name.
    """

    text = models.OneToOneField(
        Text, models.DO_NOTHING, primary_key=True, db_column="rowid", related_name="indexed", db_constraint=False
    )
    tokens = TokensField(db_column="platform_textindex")

    class Meta:
        managed = False
        db_table = "platform_textindex"
