"""A container that is sent as it is read: the same bytes, announced beforehand, and no whole one when a file is another."""
from __future__ import annotations

import hashlib
import io
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suyuan.kernel.container import (
    CHUNK,
    ContainerRefused,
    Source,
    container_length,
    container_read,
    container_stream,
    container_write,
    of_bytes,
)

NAMES = st.text("abc字é/.-", min_size=1, max_size=12).filter(lambda n: ".." not in n and all(n.split("/")))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=8), st.randoms())
def test_it_is_what_is_written_byte_for_byte(contents, chance):
    sources = [of_bytes(name, content) for name, content in contents.items()]
    chance.shuffle(sources)
    known = {name: zlib.crc32(content) for name, content in contents.items() if chance.random() < 0.5}
    out = io.BytesIO()
    try:
        container_write(out, sources)
    except ContainerRefused:
        with pytest.raises(ContainerRefused):
            b"".join(container_stream(sources, known))
        return
    assert b"".join(container_stream(sources, known)) == out.getvalue()
    assert container_length(sources) == len(out.getvalue())


def test_beyond_four_gigabytes_the_length_is_still_right():
    """Told without reading: 5 GB in two files take zip64, whose headers are longer."""
    sources = [Source(name, size, "0" * 64, lambda: iter(())) for name, size in (("a", 5 << 30), ("b", 10), ("c", 10))]
    small = [Source(name, 10, "0" * 64, lambda: iter(())) for name in "abc"]
    grown = container_length(sources) - container_length(small) - ((5 << 30) - 10)
    assert grown == 3 * (20 + 28) + 56 + 20


@pytest.mark.parametrize("known", [{}, {"b": zlib.crc32(b"what was said")}, {"b": 7}])
def test_a_file_that_changed_meanwhile_never_makes_a_whole_container(known):
    said = of_bytes("b", b"what was said")
    content = b"what was done" if known.get("b") != 7 else b"what was said"
    sources = [of_bytes("a", b"first"), Source("b", said.size, said.sha256, lambda: (content,)), of_bytes("c", b"last")]
    sent = bytearray()
    with pytest.raises(ContainerRefused):
        for piece in container_stream(sources, known):
            sent += piece
    with pytest.raises(ContainerRefused):
        container_read(io.BytesIO(sent))


def test_the_first_bytes_come_before_a_large_file_is_read_and_nothing_is_kept():
    reads = []
    block = bytes(CHUNK)

    def chunks() -> Iterator[bytes]:
        for number in range(64):
            reads.append(number)
            yield block

    crc, whole = 0, hashlib.sha256()
    for _ in range(64):
        crc = zlib.crc32(block, crc)
        whole.update(block)
    sources = [of_bytes("MANIFEST.json", b"{}"), Source("payload/files/big", 64 * CHUNK, whole.hexdigest(), chunks)]
    stream = container_stream(sources, {"payload/files/big": crc})
    next(stream), next(stream)
    assert reads == []
    tracemalloc.start()
    assert sum(map(len, stream)) > 64 * CHUNK
    assert tracemalloc.get_traced_memory()[1] < 2 * CHUNK
    tracemalloc.stop()
    assert len(reads) == 64  # once: its checksum was known
