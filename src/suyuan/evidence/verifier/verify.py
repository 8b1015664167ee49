#!/usr/bin/env python3
"""Checks an evidence bundle of Suyuan 溯源: offline, with nothing but Python (3.8 or newer), writing nothing.

    python3 verify.py BUNDLE [--pin FINGERPRINT] [--receipt FILE] [--lang zh-Hant|zh-Hans|en]

0 valid · 1 tampered · 2 unreadable · 3 valid as far as it goes, but no key was pinned that leads to its signature.
First come small tools, then one function for each thing that is checked, in the order of checking (`verify`), then words.
"""
import argparse, base64, collections, hashlib, io, json, locale, os, re, struct, sys, unicodedata, zlib  # noqa: E401

MOST_FILES, MOST_DIRECTORY, MOST_JSON, MOST_LINE, MOST_DIGITS, CHUNK = 200000, 64 << 20, 64 << 20, 16 << 20, 1000, 1 << 20
AT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
HEX, TIME = re.compile(r"[0-9a-f]{64}\Z"), re.compile(AT + r"\Z", re.ASCII)
STREAM = re.compile(r"([a-z][a-z0-9_]*):([0-9A-Za-z-]+)\Z", re.ASCII)
FIXED_FILES = """MANIFEST.json README-驗證.txt anchors.json bundle.json checkpoint.sig checkpoint.txt custody.csv
    events.ndjson heads.json keys.json proofs.json pubkey.pem verify.py""".split()
OTHER_FILES = re.compile(
    r"(earlier/[1-9]\d*-[0-9a-f]{16}\.(txt|sig)|anchors/(0|[1-9]\d*)\.(tsr|cosignature\.(txt|sig|pub))"
    r"|payload/(texts/[0-9a-f]{64}\.txt|files/[0-9a-f]{64}|papers/[^/]+\.pdf))\Z", re.ASCII)  # fmt: skip
NO_FILE = {"access.day_closed", "erasure.ordered", "pack.loaded"}  # events whose `sha256` is that of a list or a pack

class Refused(Exception):
    """Why a bundle is not valid: 1 (tampered) or 2 (unreadable), a key of WORDS, and where."""
def require(holds, why, where="-", code=1):
    if not holds:
        raise Refused(code, why, where)
def sha256(content):
    return hashlib.sha256(content).hexdigest()

# --- Ed25519 (RFC 8032): whether a signature is good -------------------------------------------------------------------
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT_OF_MINUS_ONE = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)

def point_decode(encoded):
    """(X, Y, Z, T) from 32 bytes; None unless they are the one encoding of a point, and not of one of small order."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else P - x
    eightfold = point = (x, y, 1, x * y % P)
    for _ in range(3):
        eightfold = point_add(eightfold, eightfold)
    return None if eightfold[0] == 0 else point
def point_add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)
BASE = point_decode(bytes.fromhex("58" + "66" * 31))

def ed25519_valid(public, message, signature):
    """Strict: a key and a signature have one form each."""
    if len(public) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    key, r = point_decode(public), point_decode(signature[:32])
    if s >= ORDER or key is None or r is None:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    minus_key = (P - key[0], key[1], 1, P - key[3])
    sums, total = (None, BASE, minus_key, point_add(BASE, minus_key)), (0, 1, 1, 0)
    for bit in range(252, -1, -1):  # total = s · base − h · key, which must be r
        total = point_add(total, total)
        pick = (s >> bit & 1) | (h >> bit & 1) << 1
        total = point_add(total, sums[pick]) if pick else total
    return (r[0] * total[2] - total[0]) % P == 0 and (r[1] * total[2] - total[1]) % P == 0

# --- the tree of the log (RFC 6962, RFC 9162) --------------------------------------------------------------------------
def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()

def climb(at, last, start, path):
    """From the subtree `at` of 0 … `last` up along `path`: the root of what lies up to it, and the root of all."""
    older = newer = start
    for digest in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            older, newer = node_hash(digest, older), node_hash(digest, newer)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            newer = node_hash(newer, digest)
        at, last = at >> 1, last >> 1
    return (older, newer) if last == 0 else None
def included(index, size, leaf, proof, root):
    """Whether the leaf stands at this place of a log of this size and root."""
    found = climb(index, size - 1, leaf, proof) if 0 <= index < size else None
    return found is not None and found[1] == root

def consistent(first, second, first_root, second_root, proof):
    """Whether the log of `first` leaves is how the log of `second` leaves begins."""
    if not 0 < first < second:
        return 0 < first == second and not proof and first_root == second_root
    path = ([first_root] if first & (first - 1) == 0 else []) + list(proof)
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    return bool(path) and climb(at, last, path[0], path[1:]) == (first_root, second_root)

# --- the container: rebuilt from its files and compared, byte by byte --------------------------------------------------
FULL = 0xFFFFFFFF
Entry = collections.namedtuple("Entry", "start size sha256")
Report = collections.namedtuple("Report", "about shown checkpoint anchors manifest receipt pinned")

def headers(name, crc, size, offset):
    """The two headers of a file in the zip: before its bytes, and in the directory."""
    version, small, where, local, central = 20, size, offset, b"", b""
    if size >= FULL or offset >= FULL:
        version, small, where = 45, FULL, FULL
        local, central = struct.pack("<HHQQ", 1, 16, size, size), struct.pack("<HHQQQ", 1, 24, size, size, offset)
    fixed = struct.pack("<HHHHHIIIH", version, 0x0800, 0, 0, 0x21, crc, small, small, len(name))
    before = b"PK\3\4" + fixed + struct.pack("<H", len(local)) + name + local
    rest = struct.pack("<HHHHII", len(central), 0, 0, 0, 0o100644 << 16, where)
    return before, b"PK\1\2" + struct.pack("<H", 3 << 8 | version) + fixed + rest + name + central

def end_records(count, at, size, any_big):
    if not (any_big or count >= 0xFFFF or at >= FULL or size >= FULL):
        return struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, size, at, 0)
    end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 3 << 8 | 45, 45, 0, 0, count, count, size, at)
    end += struct.pack("<4sIQI", b"PK\6\7", 0, at + size, 1)
    return end + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, FULL, FULL, 0)

class Bundle:
    """The files of a bundle, by name. Nothing is unpacked; what is big is read in pieces."""

    def __init__(self, handle):
        self.handle, self.entries = handle, {}
        self.length = handle.seek(0, os.SEEK_END)
    def piece(self, at, size):
        self.handle.seek(at)
        return self.handle.read(max(0, min(size, self.length - at)))
    def read(self, name, most=MOST_JSON):
        require(name in self.entries and self.entries[name].size <= most, "manifest", name)
        return self.piece(self.entries[name].start, self.entries[name].size)
    def text(self, name, most=4096):
        return self.read(name, most).decode("utf-8")
    def json(self, name, kind):
        value = json_read(self.read(name), name)
        require(type(value) is kind, "shape", name)
        return value
    def lines(self, name):
        at, end = self.entries[name].start, self.entries[name].start + self.entries[name].size
        while at < end:
            self.handle.seek(at)
            line = self.handle.readline(min(end - at, MOST_LINE))
            require(line.endswith(b"\n"), "shape", name)
            at += len(line)
            yield line[:-1]

def check_container(bundle):
    """The zip is the only one that its files can make."""
    require(bundle.length > 22 and bundle.piece(bundle.length - 22, 4) == b"PK\5\6", "not_a_bundle", "zip", 2)
    count, size, at = struct.unpack("<HII", bundle.piece(bundle.length - 12, 10))
    if count == 0xFFFF and bundle.length > 98:
        count, size, at = struct.unpack("<QQQ", bundle.piece(bundle.length - 66, 24))
    require(count <= MOST_FILES and size <= MOST_DIRECTORY and at + size < bundle.length, "container", "end")
    directory, place, offset, any_big, names = bundle.piece(at, size), 0, 0, False, []
    for _ in range(count):
        require(size >= place + 46, "container", "directory")
        crc, _, length, name_size, extra_size = struct.unpack_from("<IIIHH", directory, place + 16)
        name = directory[place + 46 : place + 46 + name_size]
        if extra_size:
            any_big, length = True, struct.unpack_from("<Q", directory, place + 50 + name_size)[0]
        before, listed = headers(name, crc, length, offset)
        require(directory[place : place + len(listed)] == listed, "container", "directory")
        names.append(check_name(name, names))
        start = offset + len(before)
        require(bundle.piece(offset, len(before)) == before and start + length <= at, "container", names[-1])
        digest, checksum, offset, place = hashlib.sha256(), 0, start + length, place + len(listed)
        for piece in range(start, offset, CHUNK):
            chunk = bundle.piece(piece, min(CHUNK, offset - piece))
            digest.update(chunk)
            checksum = zlib.crc32(chunk, checksum)
        require(checksum == crc, "container", names[-1])
        bundle.entries[names[-1]] = Entry(start, length, digest.hexdigest())
    require(place == size and offset == at, "container", "directory")
    tail = end_records(count, at, size, any_big)
    require(bundle.length == at + size + len(tail) and bundle.piece(at + size, len(tail)) == tail, "container", "end")
    require(len({name.casefold() for name in names}) == count, "name", "Aa")

def check_name(raw, names):
    """A name means one place, on every system; and it is one that a bundle may hold."""
    name = raw.decode("utf-8")
    require(not names or names[-1].encode("utf-8") < raw, "name", name)
    require(len(raw) <= 200 and unicodedata.normalize("NFC", name) == name and ".." not in name, "name", name)
    require("\\" not in name and all(name.split("/")) and not re.search(r"[\x00-\x1f\x7f]", name), "name", name)
    require(name in FIXED_FILES or OTHER_FILES.match(name), "name", name)
    return name

def check_manifest(bundle):
    require(bundle.json("MANIFEST.json", dict).get("format") == "suyuan bundle 1", "format", "MANIFEST.json", 2)
    here = [dict(path=n, size=e.size, sha256=e.sha256) for n, e in bundle.entries.items() if n != "MANIFEST.json"]
    whole = canonical({"format": "suyuan bundle 1", "files": here})
    others = [one["path"] for one in here[:1000] if canonical(one) not in bundle.read("MANIFEST.json")]
    require(whole == bundle.read("MANIFEST.json"), "manifest", ", ".join(others[:1]))
    require(set(FIXED_FILES) <= set(bundle.entries), "manifest", " ".join(sorted(set(FIXED_FILES) - set(bundle.entries))))

# --- JSON in the one spelling that may be hashed -----------------------------------------------------------------------
def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")

def json_read(raw, where):
    """A value from its canonical bytes; every other spelling of it is refused."""
    number = lambda digits: int(digits if len(digits) <= MOST_DIGITS else "")  # noqa: E731
    try:
        value = json.loads(raw.decode("utf-8"), parse_float=number, parse_constant=number, parse_int=number)
        require(canonical(value) == raw, "json", where)
    except (ValueError, RecursionError):
        raise Refused(1, "json", where)
    return value
def is_hex(value):
    return isinstance(value, str) and HEX.match(value) is not None

def record(value, where, kinds):
    """A JSON object with exactly these names, each of its kind ("name:str other:int …")."""
    wanted = dict(one.split(":") for one in kinds.split())
    fits = isinstance(value, dict) and {name: type(held).__name__ for name, held in value.items()} == wanted
    require(fits and (wanted.get("at") != "str" or TIME.match(value["at"])), "shape", where)
    return value
def digests_read(values, where):
    require(all(is_hex(value) for value in values), "shape", where)
    return [bytes.fromhex(value) for value in values]

# --- keys and checkpoints ----------------------------------------------------------------------------------------------
def check_keys(bundle):
    """The signing keys by fingerprint, oldest first, each signed by the one before."""
    chain, before = {}, ""
    for one in bundle.json("keys.json", list):
        record(one, "keys.json", "key:str public:str at:str after:str signature:str")
        require(is_hex(one["public"]) and one["key"] == sha256(bytes.fromhex(one["public"])), "keys", one["key"])
        require(one["key"] not in chain and one["after"] == before, "keys", one["key"])
        text = "suyuan key 1\nkey {key}\npublic {public}\nat {at}\nafter {after}\n".format(**one).encode("utf-8")
        spelt = re.match(r"[0-9a-f]{128}\Z" if chain else r"\Z", one["signature"])
        signed = spelt and (not chain or ed25519_valid(chain[before], text, bytes.fromhex(one["signature"])))
        require(signed, "keys", one["key"])
        before = one["key"]
        chain[before] = bytes.fromhex(one["public"])
    return chain

class Checkpoint:
    """What the key has signed: so long is the log, this is its root, and these are the ends of all its streams."""

    FORM = re.compile(
        r"suyuan log 1\n([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\n([1-9]\d{0,17})\n([0-9a-f]{64})\nheads ([0-9a-f]{64})\n"
        r"epoch ([1-9]\d{0,8})\nat (" + AT + r")\nclock (system|ntp|stepped back \d{1,18})\nsoftware ([^\n]{1,200})\n"
        r"previous [0-9a-f]{64}\nkey ([0-9a-f]{64})\n\Z", re.ASCII)  # fmt: skip
    def __init__(self, bundle, stem, chain):
        text = bundle.text(stem + ".txt")
        found = self.FORM.match(text)
        require(found, "shape", stem + ".txt")
        self.installation, size, root, heads, epoch, self.at, self.clock, self.software, self.key = found.groups()
        self.size, self.epoch, self.digest = int(size), int(epoch), sha256(text.encode("utf-8"))
        self.root, self.heads = bytes.fromhex(root), bytes.fromhex(heads)
        require(self.key in chain, "signature", stem)
        require(ed25519_valid(chain[self.key], text.encode("utf-8"), bundle.read(stem + ".sig", 64)), "signature", stem)
def pem_of(public):
    key = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + public)
    return b"-----BEGIN PUBLIC KEY-----\n" + key + b"\n-----END PUBLIC KEY-----\n"

# --- events ------------------------------------------------------------------------------------------------------------
ABOUT = "format:str reference:str made_at:str purpose:str size:int streams:list left_out:list files:list"
ABOUT_PARTS = (("streams", "stream:str token:str events:int noun:str"), ("left_out", "what:str why:str"),
               ("files", "sha256:str size:int name:str type:str shown:bool"))  # fmt: skip

def check_about(bundle, checkpoint):
    """bundle.json says what this is; its names of streams are held against their tokens."""
    where = "bundle.json"
    about = record(bundle.json(where, dict), where, ABOUT)
    for part, kinds in ABOUT_PARTS:
        for one in about[part]:
            record(one, where, kinds)
    require(about["format"] == "suyuan bundle 1" and TIME.match(about["made_at"]), "shape", where)
    require(about["size"] == checkpoint.size and about["streams"], "shape", where)
    require(about["reference"] == "" or any(one["noun"] == "case" for one in about["streams"]), "token", where)
    for one in about["streams"]:
        name = STREAM.match(one["stream"])
        require(name and name.group(1) == one["noun"] and one["events"] > 0, "shape", where)
        require(one["token"] == sha256(b"suyuan stream 1\0" + one["stream"].encode("utf-8")), "token", one["stream"])
    require(len({one["token"] for one in about["streams"]}) == len(about["streams"]), "token", where)
    require(len({one["sha256"] for one in about["files"]}) == len(about["files"]), "shape", where)
    return about

class Shown:
    """What the opened fields name, how much is open and closed, and the last event of each stream."""

    def __init__(self):
        self.texts, self.digests, self.opened, self.closed, self.ends = {}, set(), 0, 0, {}
    def take(self, name, value):
        if isinstance(value, dict) and set(value) == {"text", "sha256", "chars"} and is_hex(value["sha256"]):
            require(type(value["chars"]) is int, "shape", name)
            self.texts[value["sha256"]] = value["chars"]
        elif isinstance(value, dict):
            for inner, held in value.items():
                self.take(inner, held)
        elif name == "files" and isinstance(value, list):
            self.digests |= {one[1] for one in value if isinstance(one, list) and len(one) == 2 and is_hex(one[1])}
        elif (name in ("sha256", "file") or name.endswith("_sha256")) and is_hex(value):
            self.digests.add(value)

def check_events(bundle, about, checkpoint, wanted):
    """Every event: made of its parts, in its place in its stream and in the log. `wanted`: the place on a receipt."""
    shown, receipted = Shown(), None
    lines, proofs = bundle.lines("events.ndjson"), inclusion_proofs(bundle)
    for stream in about["streams"]:
        prev = "0" * 64
        for position in range(1, stream["events"] + 1):
            where = "{} #{}".format(stream["stream"], position)
            line, proof = next(lines, None), next(proofs, None)
            require(line is not None and proof is not None, "position", where)
            event = json_read(line, where)
            check_event(event, stream["token"], position, prev, where)
            check_shown(event, stream["stream"], about["reference"], shown, where)
            prev = event["leaf"]
            require(included(event["index"], checkpoint.size, bytes.fromhex(prev), proof, checkpoint.root), "inclusion", where)
            receipted = event if wanted == (stream["token"], position) else receipted
        shown.ends[stream["token"]] = [stream["token"], stream["events"], prev]
    require(next(lines, None) is None and next(proofs, None) is None, "position", "events.ndjson")
    return shown, receipted

def check_event(event, token, position, prev, where):
    record(event, where, "token:str position:int prev:str at:str leaf:str index:int commitments:list shown:dict")
    digests = event["commitments"]
    require(digests and all(is_hex(one) for one in digests), "shape", where)
    require(all(a < b for a, b in zip(digests, digests[1:])), "leaf", where)
    body = {name: event[name] for name in ("token", "position", "prev", "at", "commitments")}
    require(event["leaf"] == sha256(b"\0" + canonical(dict(body, v=1))), "leaf", where)
    require(event["token"] == token and event["position"] == position and event["prev"] == prev, "position", where)

def check_shown(event, stream, reference, shown, where):
    """Shown fields are those that were committed; those that bind token, name and reference are shown."""
    digests, values = set(event["commitments"]), {}
    for name, opened in event["shown"].items():
        fits = isinstance(opened, list) and len(opened) == 2 and isinstance(opened[0], str)
        require(fits and re.match(r"[0-9a-f]{32}\Z", opened[0]), "shape", where)
        values[name] = opened[1]
        salted = b"\2" + bytes.fromhex(opened[0]) + canonical([name, opened[1]])
        require(sha256(salted) in digests, "field", where + " " + name)
    shown.opened += len(values)
    shown.closed += len(digests) - len(values)
    require(isinstance(values.get("type"), str), "field", where + " type")
    for name in values.keys() - ({"sha256"} if values["type"] in NO_FILE else set()):
        shown.take(name, values[name])
    if event["position"] == 1:
        require([values.get("stream_noun"), values.get("stream_uid")] == stream.split(":"), "token", where)
        require(not stream.startswith("case:") or values.get("reference") == reference, "token", where)

def consistency_proofs(bundle):
    """The first half of proofs.json, {size: proof}, and where the second half begins."""
    begin, mark = bundle.piece(bundle.entries["proofs.json"].start, 4 << 20), b',"inclusion":['
    cut = begin.find(mark)
    require(begin.startswith(b'{"consistency":[') and cut > 0, "json", "proofs.json")
    records = [record(one, "proofs.json", "from:int proof:list") for one in json_read(begin[15:cut], "proofs.json")]
    require(all(a["from"] < b["from"] for a, b in zip(records, records[1:])), "consistency", "proofs.json")
    return {one["from"]: digests_read(one["proof"], "proofs.json") for one in records}, cut + len(mark)

PROOF = re.compile(rb'(,?)\[((?:"[0-9a-f]{64}"(?:,(?=")|(?=\])))*)\]')

def inclusion_proofs(bundle):
    """The second half, proof by proof in its one spelling: the whole of it might not fit into memory."""
    at, first = bundle.entries["proofs.json"].start + consistency_proofs(bundle)[1], True
    end = bundle.entries["proofs.json"].start + bundle.entries["proofs.json"].size
    while True:
        piece, place = bundle.piece(at, min(CHUNK, end - at)), 0
        for found in iter(lambda: PROOF.match(piece, place), None):
            require(bool(found.group(1)) != first, "json", "proofs.json")
            place, first = found.end(), False
            yield [bytes.fromhex(one.decode()) for one in re.findall(rb"[0-9a-f]{64}", found.group(2))]
        if place == 0:
            require(piece == b"]}" and at + 2 == end, "json", "proofs.json")
            return
        at += place

# --- the heads: a bundle holds the whole of a stream -------------------------------------------------------------------
def check_heads(bundle, checkpoint, ends):
    buckets = [record(one, "heads.json", "bucket:int entries:list path:list") for one in bundle.json("heads.json", list)]
    require([one["bucket"] for one in buckets] == sorted({int(t[:4], 16) for t in ends}), "heads", "heads.json")
    for one in buckets:
        where, last, number = "heads.json {bucket}".format(**one), "", one["bucket"]
        for token, position, leaf in one["entries"]:
            require(is_hex(token) and type(position) is int and position > 0 and is_hex(leaf), "shape", where)
            require(last < token and int(token[:4], 16) == number, "heads", where)
            last = token
        path, root = digests_read(one["path"], where), hashlib.sha256(b"\3" + canonical(one["entries"])).digest()
        for level, sibling in enumerate(path):
            pair = sibling + root if number >> level & 1 else root + sibling
            root = hashlib.sha256(b"\4" + pair).digest()
        require(len(path) == 16 and root == checkpoint.heads, "heads", where)
        for token, end in ends.items():
            require(int(token[:4], 16) != number or end in one["entries"], "last", where)

# --- earlier checkpoints, and what others have seen --------------------------------------------------------------------
def check_earlier(bundle, checkpoint, chain):
    """Checkpoints by the digest of their text: all are of this log, which has only grown since."""
    known, proofs, sizes = {checkpoint.digest: checkpoint}, consistency_proofs(bundle)[0], set()
    for name in bundle.entries:
        stem = name[:-4]
        if name.startswith("earlier/"):
            require(stem + ".txt" in bundle.entries and stem + ".sig" in bundle.entries, "manifest", stem)
        if name.startswith("earlier/") and name.endswith(".txt"):
            one = Checkpoint(bundle, stem, chain)
            require(stem == "earlier/{}-{}".format(one.size, one.digest[:16]), "name", name)
            proof = proofs.get(one.size, []) if one.size < checkpoint.size else []
            holds = consistent(one.size, checkpoint.size, one.root, checkpoint.root, proof)
            require(holds and one.installation == checkpoint.installation, "consistency", name)
            require(one.size < checkpoint.size or one.heads == checkpoint.heads, "consistency", name)
            known[one.digest] = one
            sizes |= {one.size} - {checkpoint.size}
    require(set(proofs) == sizes, "consistency", "proofs.json")
    return known

# Of SHA-256, as it stands in a time stamp (RFC 3161): the first of this form is what was stamped.
IMPRINT = re.compile(rb"\x30[\x2f\x31]\x30[\x0b\x0d]\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01(?:\x05\x00)?\x04\x20(.{32})", re.S)

def check_anchors(bundle, known):
    """Time stamps and co-signatures: a list of (code of WORDS, checkpoint, by whom)."""
    told, files, last = [], set(), -1
    for anchor in bundle.json("anchors.json", list):
        record(anchor, "anchors.json", "n:int kind:str checkpoint:str")
        stem, seen, by = "anchors/{n}".format(**anchor), known.get(anchor["checkpoint"]), ""
        require(seen is not None and last < anchor["n"], "anchor", stem)
        if anchor["kind"] == "rfc3161":
            imprint = IMPRINT.search(bundle.read(stem + ".tsr"))  # whose signature it bears, openssl can tell
            require(imprint and imprint.group(1).hex() == seen.digest, "anchor", stem)
            files.add(stem + ".tsr")
        else:
            require(anchor["kind"] == "cosignature", "shape", "anchors.json")
            by = cosigner_of(bundle, stem + ".cosignature", seen)
            files |= {stem + ".cosignature" + ending for ending in (".txt", ".sig", ".pub")}
        told.append((anchor["kind"], seen, by))
        last = anchor["n"]
    require(files == {name for name in bundle.entries if name.startswith("anchors/")}, "anchor", "anchors/")
    return told

def cosigner_of(bundle, stem, seen):
    text, public = bundle.text(stem + ".txt"), bundle.read(stem + ".pub", 32)
    form = r"suyuan cosignature 1\ncheckpoint {}\nby ([^\n]{{1,200}})\nat {}\nkey {}\n\Z"
    found = re.match(form.format(seen.digest, AT, sha256(public)), text, re.ASCII)
    require(found and ed25519_valid(public, text.encode("utf-8"), bundle.read(stem + ".sig", 64)), "anchor", stem)
    return found.group(1)

# --- words and files, the receipt, the pin -----------------------------------------------------------------------------
def check_payload(bundle, about, shown):
    """What shown fields name is here under its digest, or on the list as left out; and nothing else is here."""
    for digest, chars in shown.texts.items():
        name = "payload/texts/{}.txt".format(digest)
        require(len(bundle.text(name, 4 << 20)) == chars, "payload", name)
    files = {one["sha256"]: one for one in about["files"]}
    named, here = {"texts": shown.texts, "files": files, "papers": shown.digests}, set()
    for name, entry in bundle.entries.items():
        if name.startswith("payload/"):
            _, kind, own = name.split("/")
            require(entry.sha256 in named[kind] and (kind == "papers" or own[:64] == entry.sha256), "payload", name)
            here.add(entry.sha256)
    for digest, one in files.items():
        name = "payload/files/" + digest
        require(digest in shown.digests and (name in bundle.entries) == one["shown"], "payload", name)
        require(not one["shown"] or bundle.entries[name].size == one["size"], "payload", name)
    require(shown.digests <= here | set(files), "unlisted", min(shown.digests - here - set(files), default=""))

RECEIPT = re.compile(r"suyuan receipt 1\ntoken (\w{64})\nposition (\d{1,18})\nleaf (\w{64})\nat (\S+)\nkey (\w{64})\nsignature ([0-9a-f]{128})\Z", re.ASCII)

def receipt_read(raw):
    """The lines of a receipt, however they were saved: the place it names, and all else."""
    lines = [" ".join(line.split()) for line in raw.decode("utf-8-sig", "replace").splitlines() if line.strip()]
    found = RECEIPT.match("\n".join(lines))
    require(found, "receipt_form", "receipt", 2)
    token, position, leaf, at, key, signature = found.groups()
    return (token, int(position)), leaf, at, key, "\n".join(lines[:-1] + [""]).encode("utf-8"), bytes.fromhex(signature)
def check_receipt(receipt, event, chain):
    place, leaf, at, key, text, signature = receipt
    require(key in chain and ed25519_valid(chain[key], text, signature), "receipt_signature", key)
    require(event is not None, "receipt_place", "{} #{}".format(*place))
    require(event["leaf"] == leaf and event["at"] == at, "receipt_leaf", "#{}".format(place[1]))

# --- all of it, in order -----------------------------------------------------------------------------------------------
def verify(handle, pin=None, receipt=None):
    """Raises Refused; otherwise tells what holds, and whether it leads back to the pin."""
    bundle = Bundle(handle)
    pin = re.sub(r"[\s:-]", "", pin or "").lower()
    require(not pin or is_hex(pin), "pin_form", pin[:80], 2)
    given = None if receipt is None else receipt_read(receipt)
    try:
        check_container(bundle)
        check_manifest(bundle)
        chain = check_keys(bundle)
        checkpoint = Checkpoint(bundle, "checkpoint", chain)
        require(bundle.read("pubkey.pem") == pem_of(chain[checkpoint.key]), "signature", "pubkey.pem")
        about = check_about(bundle, checkpoint)
        shown, receipted = check_events(bundle, about, checkpoint, given and given[0])
        check_heads(bundle, checkpoint, shown.ends)
        anchors = check_anchors(bundle, check_earlier(bundle, checkpoint, chain))
        check_payload(bundle, about, shown)
        if given:
            check_receipt(given, receipted, chain)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, struct.error) as error:
        raise Refused(1, "shape", type(error).__name__)
    leading = list(chain)[: list(chain).index(checkpoint.key) + 1]  # the key of the checkpoint, and those before it
    return Report(about, shown, checkpoint, anchors, bundle.entries["MANIFEST.json"].sha256, bool(given), pin in leading)

WORDS = {}  # code: (Traditional Chinese, Simplified Chinese, English)
for _line in """
container | 檔案外層（zip）與內容不一致 | 文件外层（zip）与内容不一致 | the container is not the one its files make
name | 檔名不合規定，或不該出現在這裡 | 文件名不合规定，或不该出现在这里 | a name that may not stand here, or stands twice
manifest | 缺少檔案，或檔案與清單上的雜湊不符 | 缺少文件，或文件与清单上的哈希不符 | a file is missing, or is not the one on the manifest
json | JSON 的寫法不是唯一允許的那一種 | JSON 的写法不是唯一允许的那一种 | JSON that is not spelt in the one canonical way
shape | 內容不合格式 | 内容不合格式 | not in the form that the format prescribes
keys | 簽章金鑰的接續關係不成立 | 签名密钥的接续关系不成立 | the chain of signing keys does not hold
signature | 檢查點的簽章或公鑰不成立 | 检查点的签名或公钥不成立 | the signature or the key of a checkpoint is false
token | 事件串的代號、名稱或案號互不相符 | 事件串的代号、名称或案号互不相符 | a stream's token, its name and the reference do not belong together
leaf | 事件內容與它的雜湊不符 | 事件内容与它的哈希不符 | an event is not what its digest says
position | 事件有缺漏、重複或調換 | 事件有缺漏、重复或调换 | events are missing, doubled or in another order
field | 公開的欄位與當時記下的不同，或必須公開而沒有公開 | 公开的字段与当时记下的不同，或必须公开而没有公开 | a shown field is not what was recorded, or one is closed that must be shown
inclusion | 事件不在檢查點所簽的紀錄裡 | 事件不在检查点所签的记录里 | an event does not stand in the log that was signed
heads | 事件串末端的證明不成立 | 事件串末端的证明不成立 | the proof of where the streams end does not hold
last | 最後一個事件不是簽下的那一個，可能有事件被隱藏 | 最后一个事件不是签下的那一个，可能有事件被隐藏 | the last event is not the one that was signed: some may be hidden
consistency | 先前的檢查點不是這份紀錄的開頭：歷史被改寫過 | 先前的检查点不是这份记录的开头：历史被改写过 | an earlier checkpoint is not how this log begins: history was rewritten
anchor | 第三方的時間戳記或副署不成立 | 第三方的时间戳或副署不成立 | a time stamp or co-signature does not hold
payload | 文字或檔案缺漏、多出或與雜湊不符 | 文字或文件缺漏、多出或与哈希不符 | words or files are missing, too many, or not what their digest says
unlisted | 公開的欄位指名了一個檔案，既不在這裡，也沒有列為未附 | 公开的字段指名了一个文件，既不在这里，也没有列为未附 | a shown field names a file that is neither here nor listed as not enclosed
receipt_signature | 收據不是這個診所的金鑰所簽 | 回执不是这个诊所的密钥所签 | the receipt was not signed by a key of this chain
receipt_place | 這份證據包裡沒有收據所指的事件 | 这份证据包里没有回执所指的事件 | this bundle does not hold the event that the receipt names
receipt_leaf | 收據所指的事件已不是當時的內容 | 回执所指的事件已不是当时的内容 | the event that the receipt names is not what it was then
not_a_bundle | 這不是證據包，或檔案不完整 | 这不是证据包，或文件不完整 | this is not a bundle, or only a part of one
format | 這個程式不認得這種格式 | 这个程序不认得这种格式 | a format that this program does not know
receipt_form | 讀不懂這份收據；請一行不漏地存成文字檔 | 读不懂这份回执；请一行不漏地存成文本文件 | this is not a receipt; save all its lines as a text file
pin_form | 指紋應為 64 個十六進位數字 | 指纹应为 64 个十六进制数字 | a fingerprint has 64 hexadecimal digits
valid | 有效：內容自記錄以來未經更動 | 有效：内容自记录以来未经更改 | VALID: nothing has been changed since it was recorded
tampered | 不成立：{0}（{1}） | 不成立：{0}（{1}） | TAMPERED: {0} ({1})
unreadable | 無法檢查：{0}（{1}） | 无法检查：{0}（{1}） | UNREADABLE: {0} ({1})
unpinned | 未釘選金鑰：內容前後一致，但尚未證明是由誰簽的。請用紙本收據上的指紋再查一次：--pin 指紋 | 未钉选密钥：内容前后一致，但尚未证明是由谁签的。请用纸质回执上的指纹再查一次：--pin 指纹 | NOT PINNED: it agrees with itself, but who signed it is not shown. Check again with the fingerprint on the paper receipt: --pin FINGERPRINT
about | 案號 {0}；{1} 串共 {2} 個事件；公開 {3} 欄，未公開 {4} 欄 | 案号 {0}；{1} 串共 {2} 个事件；公开 {3} 栏，未公开 {4} 栏 | reference {0}; {2} events in {1} streams; {3} fields shown, {4} closed
files | 文字 {0} 則；檔案 {1} 個，另有 {2} 個未附 | 文字 {0} 则；文件 {1} 个，另有 {2} 个未附 | {0} texts; {1} files, {2} more not enclosed
checkpoint | 檢查點 {0}：紀錄共 {1} 筆，時鐘 {2}，{3} | 检查点 {0}：记录共 {1} 条，时钟 {2}，{3} | checkpoint {0}: log of {1}, clock {2}, {3}
key | 簽章金鑰指紋 {0}，清單 MANIFEST.json 的 SHA-256 {1} | 签名密钥指纹 {0}，清单 MANIFEST.json 的 SHA-256 {1} | signing key {0}, SHA-256 of MANIFEST.json {1}
left_out | 未納入：{0}（{1}） | 未纳入：{0}（{1}） | left out: {0} ({1})
epoch | 這份紀錄曾由備份還原 {0} 次；還原前最後一段可能已遺失 | 这份记录曾由备份还原 {0} 次；还原前最后一段可能已丢失 | this log was restored from a backup {0} times; what came last before that may be lost
receipt | 收據相符 | 回执相符 | the receipt agrees
rfc3161 | 時間戳記：檢查點 {0}（發證單位的簽章請另用 openssl 查） | 时间戳：检查点 {0}（签发机构的签名请另用 openssl 查） | time stamp of checkpoint {0} (check its authority's signature with openssl)
cosignature | 副署：{1}，檢查點 {0} | 副署：{1}，检查点 {0} | co-signed by {1}: checkpoint {0}
not_shown | 這項檢查不能證明的事：|- 當初寫下的內容是否屬實|- 第一個第三方見證之前，事情究竟何時發生|- 檢查點之後發生的事|- 未公開的欄位裡，沒有公開欄位的另一個值|- 說明、用途、未納入清單、檔名、custody.csv 不在簽章之內；請拿清單的雜湊與診所的紀錄核對 | 这项检查不能证明的事：|- 当初写下的内容是否属实|- 第一个第三方见证之前，事情究竟何时发生|- 检查点之后发生的事|- 未公开的字段里，没有公开字段的另一个值|- 说明、用途、未纳入清单、文件名、custody.csv 不在签名之内；请拿清单的哈希与诊所的记录核对 | What this does not show:|- that what was written was true|- when something happened before the first anchor|- what came after the checkpoint|- that no closed field holds another value of one that is open|- read-me, purpose, omissions, names of files and custody.csv are not under the signature: compare the manifest's digest with the clinic's record
""".strip().splitlines():
    WORDS[_line.split(" | ")[0]] = _line.replace("|-", "\n  -").split(" | ")[1:]
LANGUAGES = ("zh-Hant", "zh-Hans", "en")
def language_of(name):  # of a locale, as systems spell it
    if not name.lower().startswith(("zh", "chinese")):
        return "en"
    return "zh-Hant" if re.search("hant|tw|hk|mo|traditional|taiwan|hong", name.lower()) else "zh-Hans"

def told(report, say):
    """What was found, and what was not shown, line by line."""
    about, shown, checkpoint = report.about, report.shown, report.checkpoint
    events, enclosed = sum(one["events"] for one in about["streams"]), sum(one["shown"] for one in about["files"])
    yield say("about", about["reference"], len(about["streams"]), events, shown.opened, shown.closed)
    yield say("files", len(shown.texts), enclosed, len(about["files"]) - enclosed)
    yield say("checkpoint", checkpoint.at, checkpoint.size, checkpoint.clock, checkpoint.software)
    yield say("key", checkpoint.key, report.manifest)
    yield from [say("epoch", checkpoint.epoch - 1)] * (checkpoint.epoch > 1)
    yield from [say(kind, seen.at, by) for kind, seen, by in report.anchors]
    yield from [say("receipt")] * report.receipt
    yield from [say("left_out", one["what"], one["why"]) for one in about["left_out"]]
    yield say("not_shown")

def opened(given):
    return open(given, "rb") if isinstance(given, str) else io.BytesIO(given)

def judge(bundle, pin, receipt, language):
    """Exit code and the lines to print. `bundle` and `receipt` (or None) are paths, or bytes."""
    def say(code, *values):  # nothing printed can move a cursor or colour a word
        values = ["".join(c if c.isprintable() else "?" for c in str(value)) for value in values]
        return WORDS[code][LANGUAGES.index(language)].format(*values)
    try:
        with opened(bundle) as handle, opened(receipt or b"") as held:
            report = verify(handle, pin, None if receipt is None else held.read(4096))
    except Refused as refused:
        code, why, where = refused.args
        return code, [say(("tampered", "unreadable")[code - 1], say(why), where)]
    except (OSError, MemoryError, ValueError) as error:
        return 2, [say("unreadable", say("not_a_bundle"), type(error).__name__)]
    return (0 if report.pinned else 3), [say("valid" if report.pinned else "unpinned")] + list(told(report, say))

def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("--pin", help="SHA-256 of the public key, from the paper receipt")
    parser.add_argument("--receipt", help="a receipt saved as a text file")
    parser.add_argument("--lang", choices=LANGUAGES)
    given = parser.parse_args(argv)
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")] + [locale.getlocale()[0], ""]
    code, lines = judge(given.bundle, given.pin, given.receipt, given.lang or language_of(next(filter(None, names), "")))
    sys.stdout.buffer.write(("\n".join(lines) + "\n").encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
    return code

if __name__ == "__main__":
    sys.exit(main())
