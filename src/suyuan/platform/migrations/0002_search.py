"""The search index: FTS5 on SQLite, a tsvector with GIN on PostgreSQL. Rows are written by platform.search only.

The tokenizer is `ascii`: every character beyond 127 is part of a token, so no table of Unicode versions decides what is
found. `prefix=1` keeps one-character questions as quick as others. Merging is left to a job (automerge=0).
"""
from django.db import migrations

SQLITE = [
    """CREATE VIRTUAL TABLE platform_textindex USING fts5(
        tokens, detail=none, columnsize=0, prefix='1', tokenize='ascii'
    )""",
    "INSERT INTO platform_textindex (platform_textindex, rank) VALUES ('automerge', 0)",
    "INSERT INTO platform_textindex (platform_textindex, rank) VALUES ('crisismerge', 64)",
]
POSTGRESQL = [
    """CREATE TABLE platform_textindex (
        rowid bigint PRIMARY KEY REFERENCES platform_text (id) DEFERRABLE INITIALLY DEFERRED,
        platform_textindex tsvector NOT NULL
    )""",
    "CREATE INDEX platform_textindex_tokens ON platform_textindex USING gin (platform_textindex)"
    " WITH (fastupdate = on, gin_pending_list_limit = 256)",
]


def make(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def unmake(apps, schema_editor):
    schema_editor.execute("DROP TABLE platform_textindex")


class Migration(migrations.Migration):
    dependencies = [("platform", "0001_initial")]
    operations = [migrations.RunPython(make, unmake)]
