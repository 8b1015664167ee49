"""Who has a page of ours open now. Kept in the cache only, and for a minute and a half."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.cache import cache

# Pages ask every twenty seconds; who has not asked for this long is not at a screen.
HERE_SECONDS = 90


def seen_here(user_id: int) -> None:
    cache.set(f"here:{user_id}", True, HERE_SECONDS)


def here(user_ids: Iterable[int]) -> set[int]:
    """Which of them have a page open now."""
    ids = list(user_ids)
    found = cache.get_many([f"here:{pk}" for pk in ids])
    return {pk for pk in ids if f"here:{pk}" in found}
