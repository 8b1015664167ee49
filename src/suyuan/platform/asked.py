"""Questions that every page asks: put together once, asked again with another value (docs/decisions/0009).

    rows = Asked(Case.objects.filter(reference=SOME).select_related("branch"), SOME)
    rows("TN26-4831-7205")      the same rows as the query would give, without putting its SQL together again
"""
from __future__ import annotations

from collections.abc import Hashable
from copy import copy
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, connections
from django.db.models import QuerySet


class Asked:
    """`some`: what stands in the query where each time another value will; it must stand nowhere else in it."""

    def __init__(self, rows: QuerySet, some: Hashable) -> None:
        self.rows, self.some = rows, some
        self.compiler = rows.query.get_compiler(connection=connection)
        try:
            self.sql, self.params = self.compiler.as_sql()
        except EmptyResultSet:
            self.sql, self.params = "", ()

    def __call__(self, value: Hashable) -> list[Any]:
        if not self.sql:
            return []
        # A compiler holds the connection of the thread that made it.
        compiler = copy(self.compiler)
        compiler.connection = connections[connection.alias]
        said = self.sql, tuple(value if each == self.some else each for each in self.params)
        compiler.as_sql = lambda *_, **__: said
        asked = self.rows.all()
        asked.query.get_compiler = lambda *_, **__: compiler
        return list(asked)
