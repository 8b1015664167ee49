"""The sealed form: any size comes back, any change, cut or swap is noticed, any place can be read."""
from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suyuan.platform.files.sealed import CHUNK, HEADER, TAG, Sealer, Unsealable, opened

KEY, CONTEXT = b"k" * 32, b"c" * 16
SIZES = [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK - 1]


def plain_of(size: int) -> bytes:
    return bytes(n * 31 % 251 for n in range(1000)) * (size // 1000 + 1)


def sealed(plain: bytes, *, piece: int = 50_000, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    out = io.BytesIO()
    sealer = Sealer(out.write, key, context)
    for start in range(0, len(plain), piece):
        sealer.feed(plain[start : start + piece])
    sealer.close()
    return out.getvalue()


def unsealed(data: bytes, size: int, *, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    with opened(io.BytesIO(data), key, context, size) as reader:
        return reader.read()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [1 << 20, 4099, CHUNK])
def test_what_goes_in_comes_out(size, piece):
    plain = plain_of(size)[:size]
    assert unsealed(sealed(plain, piece=piece), size) == plain


@settings(max_examples=30)
@given(st.integers(0, 3 * CHUNK), st.integers(0, CHUNK + 10))
def test_any_stretch_can_be_read(start, length):
    plain = plain_of(3 * CHUNK - 5)[: 3 * CHUNK - 5]
    with opened(io.BytesIO(sealed(plain)), KEY, CONTEXT, len(plain)) as reader:
        reader.seek(start)
        assert reader.read(length) == plain[start : start + length]


def test_the_same_bytes_never_look_the_same():
    assert sealed(b"photo")[HEADER:] != sealed(b"photo")[HEADER:]
    assert b"photo" not in sealed(b"photo")


def test_every_flipped_bit_of_a_small_file_is_noticed():
    data = sealed(b"a small photo")
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unsealable):
            unsealed(bytes(changed), 13)


@settings(max_examples=60)
@given(st.integers(0, HEADER + 2 * (CHUNK + TAG) + TAG + 99), st.integers(0, 7))
def test_flipped_bits_of_a_large_file_are_noticed(place, bit):
    data = bytearray(LARGE)
    data[place % len(data)] ^= 1 << bit
    with pytest.raises(Unsealable):
        unsealed(bytes(data), 2 * CHUNK + 100)


LARGE = sealed(plain_of(2 * CHUNK + 100)[: 2 * CHUNK + 100])


def test_a_cut_at_a_chunk_is_noticed_even_with_a_matching_size():
    with pytest.raises(Unsealable):
        unsealed(LARGE[: HEADER + 2 * (CHUNK + TAG)], 2 * CHUNK)
    with pytest.raises(Unsealable):
        unsealed(LARGE[: HEADER + CHUNK + TAG], CHUNK)
    with pytest.raises(Unsealable):
        unsealed(LARGE + b"x", 2 * CHUNK + 100)
    with pytest.raises(Unsealable):
        unsealed(b"", 1)


def test_chunks_cannot_change_places():
    one, two = LARGE[HEADER : HEADER + CHUNK + TAG], LARGE[HEADER + CHUNK + TAG : HEADER + 2 * (CHUNK + TAG)]
    with pytest.raises(Unsealable):
        unsealed(LARGE[:HEADER] + two + one + LARGE[HEADER + 2 * (CHUNK + TAG) :], 2 * CHUNK + 100)


def test_another_files_bytes_or_key_do_not_open():
    data = sealed(b"photo")
    with pytest.raises(Unsealable):
        unsealed(data, 5, context=b"d" * 16)
    with pytest.raises(Unsealable):
        unsealed(data, 5, key=b"l" * 32)
