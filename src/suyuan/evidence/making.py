"""Makes the bytes of copies: without hidden data, or with parts blacked out. Received as any file; no row is written here.

The original is read and never written. What is made of it is checked once more by the same eyes that look at every file
that comes in, so a copy can only be of a kind that we would take.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from suyuan.evidence import rules
from suyuan.evidence.errors import CannotCopy
from suyuan.evidence.models import Item
from suyuan.evidence.paper import Painted, pdf_of
from suyuan.kernel.sizes import LARGEST_FILE
from suyuan.platform.files import EXTENSIONS, STAFF_TYPES, Received, file_chunks, file_receive
from suyuan.platform.files.limited import Limited, Result, run_limited
from suyuan.platform.models import StoredFile

MEMORY, SECONDS = 900 << 20, 30.0
MOST_WHOLE = 150_000_000  # what a limited process is given at once
MOST_HEADERS = 64_000_000  # of a film everything but the media itself
MOST_BOXES = 4_000
MOST_PAGES, PAGES_AT_ONCE, DPI = 200, 8, 150

OFFICE = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    }
)
FILMS = frozenset({"video/mp4", "video/quicktime", "video/3gpp", "audio/mp4"})
SOUNDS = {"audio/mpeg": "frames", "audio/wav": "riff"}
STRIPPED = rules.PICTURES | {rules.PDF} | OFFICE | FILMS | frozenset(SOUNDS)
REDACTED = rules.PICTURES | {rules.PDF}
_CONFINED = "suyuan.evidence.confined"

# Small enough to be made while somebody waits: well under a second each.
QUICK_PIXELS, QUICK_PAGES = 6_000_000, 2
QUICK_BYTES = {"image": 4_000_000, "application": 1_000_000, "audio": 8_000_000, "video": 8_000_000}
TELL_EVERY = 32 << 20

Tell = Callable[[int, int], None]  # so much of so much is done


def is_quick(item: Item, pixels: int | None, pages: int | None) -> bool:
    """Whether a copy is made at once. What nobody has looked into yet may be anything."""
    kind = item.stored.content_type
    if kind not in STRIPPED:  # refused without being opened
        return True
    if kind in rules.PICTURES and (pixels is None or pixels > QUICK_PIXELS):
        return False
    if kind == rules.PDF and (pages is None or pages > QUICK_PAGES):
        return False
    return item.stored.size <= QUICK_BYTES.get(kind.partition("/")[0], 0)


def _untold(done: int, of: int) -> None:
    """Nobody waits for it."""


def stripped(item: Item, tell: Tell = _untold) -> Received:
    """Raises CannotCopy with `why`, and what storage raises."""
    stored = item.stored
    kind = stored.content_type
    if kind not in STRIPPED:
        raise CannotCopy(why="kind")
    if kind == rules.PDF:
        return _kept(item, "shared", kind, pdf_of(_painted(stored, None, {}, tell)))
    if kind in FILMS:
        return _kept(item, "shared", kind, _told(_followed(stored, _film(stored)), stored.size, tell))
    if kind in SOUNDS:
        recipe = _run(stored, f"media:{SOUNDS[kind]}").told["recipe"]
        return _kept(item, "shared", kind, _told(_followed(stored, recipe), stored.size, tell))
    if kind in OFFICE:
        return _kept(item, "shared", kind, _run(stored, "office:strip").blobs)
    made = _run(stored, "pictures:strip", content_type=kind)
    return _kept(item, "shared", made.told["content_type"], made.blobs)


def redacted(
    item: Item,
    *,
    areas: Mapping[int, Sequence[Sequence[int]]],
    pages: Sequence[int] | None = None,
    tell: Tell = _untold,
) -> Received:
    """`areas` by page; a picture is page 1. `pages`: those of a PDF that are kept. Raises CannotCopy."""
    stored = item.stored
    if stored.content_type not in REDACTED:
        raise CannotCopy(why="kind")
    if stored.content_type == rules.PDF:
        return _kept(item, "redacted", rules.PDF, pdf_of(_painted(stored, pages, areas, tell)))
    made = _run(stored, "pictures:redact", content_type=stored.content_type, areas=list(areas.get(1, ())))
    return _kept(item, "redacted", made.told["content_type"], made.blobs)


def _kept(item: Item, word: str, content_type: str, source: Iterable[bytes]) -> Received:
    """Under a name that says which item it is and nothing that the sender called it."""
    name = f"item-{item.number}-{word}.{EXTENSIONS[content_type][0]}"
    return file_receive(source=source, name=name, max_bytes=LARGEST_FILE, accept=STAFF_TYPES)


def _run(stored: StoredFile, function: str, **args) -> Result:
    if stored.size > MOST_WHOLE:
        raise CannotCopy(why="size")
    return _limited(function, file_chunks(stored), **args)


def _limited(function: str, source: Iterable[bytes], **args) -> Result:
    try:
        found = run_limited(
            f"{_CONFINED}.{function}", source, args=args, memory_bytes=MEMORY, seconds=SECONDS, output_bytes=MOST_WHOLE
        )
    except Limited as limited:
        raise CannotCopy(why=limited.why) from limited
    made = found.told.get("made", found.told.get("decoded", ""))
    if made != "ok":
        raise CannotCopy(why=made)
    return found


# --- pages ---------------------------------------------------------------------------------------------------------


def _painted(
    stored: StoredFile, pages: Sequence[int] | None, areas: Mapping[int, Sequence[Sequence[int]]], tell: Tell
) -> Iterator[Painted]:
    """Page by page, a few to a process, so that no paper needs more memory than a few pages of it."""
    count = _pages(stored) if pages is None else 0
    wanted = list(range(1, count + 1)) if pages is None else list(pages)
    if not wanted or len(wanted) > MOST_PAGES:
        raise CannotCopy(why="pages")
    black = {str(number): [list(area) for area in each] for number, each in areas.items()}
    for start in range(0, len(wanted), PAGES_AT_ONCE):
        some = wanted[start : start + PAGES_AT_ONCE]
        found = _run(stored, "papers:paint", pages=some, dpi=DPI, areas=black)
        if len(found.blobs) != len(some):
            raise CannotCopy(why="broken")
        for size, jpeg in zip(found.told["sizes"], found.blobs, strict=True):
            yield Painted(*size, jpeg)
        tell(start + len(some), len(wanted))


def _pages(stored: StoredFile) -> int:
    return _run(stored, "papers:paint", pages=[], dpi=DPI, areas={}).told["pages"]


# --- films ---------------------------------------------------------------------------------------------------------


def _film(stored: StoredFile) -> list[list]:
    """A film may be larger than any process is given: only what stands beside the media goes in."""
    layout, source = [], []
    where = 0
    for kind, start, end in _boxes(stored):
        if kind == "mdat":
            layout.append([kind, start, end, -1])
            continue
        layout.append([kind, start, end, where])
        source.append((start, end))
        where += end - start
        if where > MOST_HEADERS:
            raise CannotCopy(why="size")
    data = (piece for start, end in source for piece in file_chunks(stored, start, end))
    return _limited("media:film", data, layout=layout, size=stored.size).told["recipe"]


def _boxes(stored: StoredFile) -> Iterator[tuple[str, int, int]]:
    at = count = 0
    while at + 8 <= stored.size:
        count += 1
        head = b"".join(file_chunks(stored, at, min(at + 16, stored.size)))
        length = int.from_bytes(head[:4])
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:16])
        elif length == 0:
            length = stored.size - at
        if length < 8 or at + length > stored.size or count > MOST_BOXES:
            raise CannotCopy(why="broken")
        yield head[4:8].decode("latin-1"), at, at + length
        at += length


def _told(source: Iterable[bytes], size: int, tell: Tell) -> Iterator[bytes]:
    """The same bytes, and from time to time how many of them have gone by."""
    gone = said = 0
    for piece in source:
        yield piece
        gone += len(piece)
        if gone - said >= TELL_EVERY:
            said = gone
            tell(min(gone, size), size)


def _followed(stored: StoredFile, recipe: Sequence[Sequence]) -> Iterator[bytes]:
    """A recipe comes out of a limited process, so it is believed only as far as the file reaches."""
    for what, *rest in recipe:
        if what == "bytes":
            yield bytes.fromhex(rest[0])
        elif what == "zero":
            left = int(rest[0])
            while left > 0:
                yield bytes(min(left, 1 << 16))
                left -= 1 << 16
        else:
            start, end = int(rest[0]), int(rest[1])
            if not 0 <= start <= end <= stored.size:
                raise CannotCopy(why="broken")
            yield from file_chunks(stored, start, end)
