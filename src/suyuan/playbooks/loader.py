"""From a folder of YAML to checked content. Every mistake is a Problem with its file, its line and what was expected.

YAML 1.2: `no` and `on` are words, not truth values. A key that stands twice is refused, never silently the last.
"""

import json
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from suyuan.playbooks import rules, schemas
from suyuan.playbooks.problems import Problem

MANIFEST_FILE = "pack.yaml"

# Kinds of packs whose entries rest on rules of law.
_CITING = frozenset({"procedure", "wording"})

# Far above what a pack needs; a folder that holds more is not a pack.
BIGGEST = 4 * 1024 * 1024


@dataclass
class Source:
    """A section as it was written: the file, and the node that still knows its lines."""

    file: str
    node: Any
    key_line: int
    goes_on: "Source | None" = None  # a long list may go on in the next file

    def at(self, path: tuple[str | int, ...]) -> tuple[str, int]:
        """File and line of a value; of the nearest thing around it when it is not there."""
        if self.goes_on is not None and path and isinstance(path[0], int) and path[0] >= len(self.node):
            return self.goes_on.at((path[0] - len(self.node), *path[1:]))
        return self.file, _line(self.node, path, self.key_line)

    def append(self, more: "Source") -> None:
        last = self
        while last.goes_on is not None:
            last = last.goes_on
        last.goes_on = more


@dataclass
class Draft:
    """A pack folder as read. `body` holds the sections as JSON values; for an overlay they are the merged ones."""

    folder: Path
    manifest: schemas.Manifest | None = None
    manifest_json: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    base_sha: str = ""

    @property
    def overlay(self) -> bool:
        return self.manifest is not None and self.manifest.overlays is not None

    def content(self) -> dict[str, Any]:
        """What is stored and hashed."""
        whole: dict[str, Any] = {"pack": self.manifest_json, **self.body}
        if self.overlay:
            whole["overlay"] = {"base": self.base_sha, "changes": self.changes}
        return whole

    @property
    def sha(self) -> str:
        return schemas.sha_of(self.content())

    def line_of(self, section: str, path: Iterable[str | int] = ()) -> tuple[str, int]:
        """The file and line of a value; of the nearest thing around it when it is not there."""
        source = self.sources.get(section)
        if source is None:
            return MANIFEST_FILE, 1
        return source.at(tuple(path))


def pack_folders(folder: Path) -> list[Path]:
    """The folder itself when it is a pack, otherwise every pack below it."""
    if (folder / MANIFEST_FILE).is_file():
        return [folder]
    return sorted(found.parent for found in folder.rglob(MANIFEST_FILE))


def read_all(folder: Path, *, shipped: Path | None = None, loaded: Collection[str] = ()) -> list[Draft]:
    """Read and check every pack in a folder; bases come before what lies over them.

    An overlay's base is looked for beside it, then among the shipped packs. `loaded`: packs already in use.
    """
    folders = pack_folders(folder)
    if not folders:
        return [Draft(folder, problems=[Problem(str(folder), 1, "no_pack", expected=MANIFEST_FILE)])]
    drafts = [read(each, root=folder) for each in folders]
    bases = {draft.manifest.id: draft for draft in drafts if draft.manifest and not draft.overlay}
    _twice(drafts)
    others = _shelf(shipped, folder)
    for draft in drafts:
        if draft.overlay:
            _lay_over(draft, bases.get(draft.manifest.overlays) or _taken(others, draft.manifest.overlays))
    _requirements(drafts, {*bases, *others, *loaded})
    _citations(drafts, others)
    return sorted(drafts, key=lambda draft: draft.overlay)


def read(folder: Path, *, root: Path | None = None, examples: bool = True) -> Draft:
    """One pack folder, without what lies below it. `examples`: also run those of the rules of wording."""
    draft = Draft(folder)
    root = root or folder
    node = _yaml(folder / MANIFEST_FILE, root, draft.problems)
    if node is None:
        return draft
    file = _named(folder / MANIFEST_FILE, root)
    draft.sources["pack"] = Source(file, node, 1)
    draft.manifest_json = _plain(node, file, draft.problems) or {}
    draft.manifest = _shaped(draft, "pack", schemas.MANIFEST, draft.manifest_json)
    _read_sections(draft, root)
    if draft.manifest is None:
        return draft
    if draft.overlay:
        _check_changes(draft)
    else:
        check_body(draft, examples=examples)
    return draft


def _read_sections(draft: Draft, root: Path) -> None:
    for path in sorted(draft.folder.glob("*.y*ml")):
        if path.name == MANIFEST_FILE:
            continue
        node = _yaml(path, root, draft.problems)
        if node is None:
            continue
        file = _named(path, root)
        if not isinstance(node, CommentedMap):
            draft.problems.append(Problem(file, 1, "not_a_mapping"))
            continue
        values = _plain(node, file, draft.problems) or {}
        for section, value in values.items():
            line = node.lc.key(section)[0] + 1
            here = Source(file, node[section], line)
            if _may_go_on(draft, section, value):
                draft.sources[section].append(here)
                draft.body[section] = [*draft.body[section], *value]
                continue
            if section in draft.sources:
                other = draft.sources[section]
                draft.problems.append(Problem(file, line, "section_twice", section, found=f"{other.file}:{other.key_line}"))
                continue
            draft.sources[section] = here
            draft.body[section] = value


def _may_go_on(draft: Draft, section: str, value: Any) -> bool:
    """Only in packs so long that one file would be too long to read; elsewhere a section that stands twice is a mistake."""
    loose = draft.manifest is not None and draft.manifest.kind in schemas.LOOSE
    return loose and isinstance(value, list) and isinstance(draft.body.get(section), list)


def check_body(draft: Draft, *, examples: bool = True) -> None:
    """Shape first, then what ties the sections together."""
    assert draft.manifest is not None
    shapes = schemas.of(draft.manifest.kind)
    for section in draft.body:
        if section not in shapes:
            file, line = draft.sources[section].file, draft.sources[section].key_line
            draft.problems.append(Problem(file, line, "unknown_section", section, ", ".join(sorted(shapes))))
    whole: dict[str, Any] = {}
    sound = True
    for section, shape in shapes.items():
        if section not in draft.body and draft.manifest.kind in schemas.LOOSE:
            continue
        if section not in draft.body:
            sound = False
            file, line = draft.line_of("pack")
            draft.problems.append(Problem(file, line, "section_missing", section))
            continue
        parsed = _shaped(draft, section, shape, draft.body[section])
        sound = sound and parsed is not None
        whole[section] = parsed
    if not sound:
        return
    for flaw in schemas.flaws(draft.manifest.kind, whole, examples=examples):
        file, line = draft.line_of(flaw.section, flaw.at)
        draft.problems.append(Problem(file, line, flaw.code, _path(flaw.section, flaw.at), flaw.expected, flaw.found))


# Overlays


def _check_changes(draft: Draft) -> None:
    for verb, value in draft.body.items():
        shape = schemas.CHANGES.get(verb)
        if shape is None:
            file, line = draft.sources[verb].file, draft.sources[verb].key_line
            draft.problems.append(Problem(file, line, "unknown_section", verb, "add, disable, replace"))
        elif _shaped(draft, verb, shape, value) is not None:
            draft.changes[verb] = value
    draft.body = {}


def _lay_over(draft: Draft, base: Draft | None) -> None:
    assert draft.manifest is not None
    if base is None or base.manifest is None:
        file, line = draft.line_of("pack", ("overlays",))
        draft.problems.append(Problem(file, line, "base_missing", found=str(draft.manifest.overlays)))
        return
    if base.problems:
        file, line = draft.line_of("pack", ("overlays",))
        draft.problems.append(Problem(file, line, "base_broken", found=str(draft.manifest.overlays)))
        return
    lay(draft, base.content(), base.sha)


def lay(draft: Draft, base: Mapping[str, Any], base_sha: str) -> None:
    """Lay the changes of an overlay over the content of its base, and check what comes out."""
    assert draft.manifest is not None
    draft.base_sha = base_sha
    for name in ("kind", "jurisdiction"):
        mine, theirs = draft.manifest_json.get(name), base["pack"].get(name)
        if mine != theirs:
            file, line = draft.line_of("pack", (name,))
            draft.problems.append(Problem(file, line, "not_as_base", name, str(theirs), str(mine)))
    below = {section: value for section, value in base.items() if section not in ("pack", "overlay")}
    if draft.manifest.kind in schemas.LOOSE:
        below = {section: [] for section in schemas.of(draft.manifest.kind)} | below
    draft.body, objections = rules.merge(below, draft.changes)
    for why in objections:
        file, line = draft.line_of(why.verb, (why.place,))
        draft.problems.append(Problem(file, line, why.code, f"{why.verb} › {why.place + 1}", why.expected, why.found))
    if not draft.problems:
        _check_merged(draft)


def relaid(content: Mapping[str, Any], *, over: Draft) -> Draft:
    """An overlay that is in use, laid anew over a new version of its base. Its own files are not at hand here."""
    draft = Draft(over.folder, schemas.MANIFEST.validate_json(json.dumps(content["pack"])), dict(content["pack"]))
    draft.changes = content["overlay"]["changes"]
    draft.sources["pack"] = Source(f"({draft.manifest.id})", None, 1)
    for verb in draft.changes:
        draft.sources[verb] = Source(f"({draft.manifest.id})", None, 1)
    lay(draft, over.content(), over.sha)
    return draft


def _check_merged(draft: Draft) -> None:
    """The base was sound, so what is wrong now is owed to a change; name the change that touched the section."""
    probe = Draft(draft.folder, draft.manifest, draft.manifest_json, draft.body)
    check_body(probe)
    touched: dict[str, tuple[str, int]] = {}
    for verb, changes in draft.changes.items():
        for place, change in enumerate(changes):
            touched.setdefault(change["section"].partition(".")[0], draft.line_of(verb, (place,)))
    fallback = next(iter(touched.values()), (MANIFEST_FILE, 1))
    for problem in probe.problems:
        file, line = touched.get(problem.path.partition(" › ")[0], fallback)
        draft.problems.append(Problem(file, line, problem.code, problem.path, problem.expected, problem.found))


def _shelf(shipped: Path | None, folder: Path) -> dict[str, Path]:
    """Pack → folder of those that came with the product, unless it is them that are being read."""
    if shipped is None or not shipped.is_dir() or shipped.resolve() == folder.resolve():
        return {}
    manifests = ((each, _yaml(each / MANIFEST_FILE, shipped, [])) for each in pack_folders(shipped))
    return {str(manifest["id"]): each for each, manifest in manifests if manifest and "overlays" not in manifest}


def _taken(shelf: Mapping[str, Path], pack: str) -> Draft | None:
    return read(shelf[pack]) if pack in shelf else None


def _requirements(drafts: Iterable[Draft], there: Collection[str]) -> None:
    for draft in drafts:
        for place, wanted in enumerate(draft.manifest.requires if draft.manifest else ()):
            if wanted not in there:
                file, line = draft.line_of("pack", ("requires", place))
                draft.problems.append(Problem(file, line, "requires_missing", "requires", expected=wanted))


def _citations(drafts: Iterable[Draft], others: Mapping[str, Path]) -> None:
    """A card or a gate that cites a rule cites one that stands in a law pack."""
    drafts = list(drafts)
    citing = [each for each in drafts if each.manifest and each.manifest.kind in _CITING and not each.problems]
    if not citing or any(each.problems for each in drafts):
        return
    there = {each.manifest.id: each for each in drafts}
    laws = (there.get(pack) or _taken(others, pack) for each in citing for pack in each.manifest.requires)
    rules_ = {rule["id"] for law in laws if law for rule in law.body.get("rules", ())}
    if not rules_:
        return
    for draft in citing:
        for section, rows in draft.body.items():
            for place, row in enumerate(rows if isinstance(rows, list) else ()):
                for path, code in _cited(row, (place,)):
                    if code not in rules_:
                        file, line = draft.line_of(section, path)
                        draft.problems.append(Problem(file, line, "basis_missing", _path(section, path), found=code))


def _cited(row: Mapping[str, Any], at: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Rules that a row cites, by itself or in its lines."""
    cited, inside = row.get("basis"), row.get("lines")
    for inner, code in enumerate(cited if isinstance(cited, list) else ()):
        yield (*at, "basis", inner), code
    for inner, line in enumerate(inside if isinstance(inside, list) else ()):
        yield from _cited(line, (*at, "lines", inner))


def _twice(drafts: Iterable[Draft]) -> None:
    seen: dict[str, Path] = {}
    for draft in drafts:
        if draft.manifest is None:
            continue
        if draft.manifest.id in seen:
            file, line = draft.line_of("pack", ("id",))
            other = seen[draft.manifest.id].name
            draft.problems.append(Problem(file, line, "pack_twice", "id", found=f"{draft.manifest.id} ({other})"))
        seen[draft.manifest.id] = draft.folder
    overlaid: dict[str, str] = {}
    for draft in drafts:
        if draft.overlay and draft.manifest.overlays in overlaid:
            file, line = draft.line_of("pack", ("overlays",))
            other = overlaid[draft.manifest.overlays]
            draft.problems.append(Problem(file, line, "overlaid_twice", "overlays", draft.manifest.overlays, other))
        elif draft.overlay:
            overlaid[draft.manifest.overlays] = draft.manifest.id


# Reading YAML


def _yaml(path: Path, root: Path, problems: list[Problem]) -> Any:
    file = _named(path, root)
    try:
        raw = path.read_bytes()
        if len(raw) > BIGGEST:
            problems.append(Problem(file, 1, "too_big"))
            return None
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(Problem(file, raw[: error.start].count(b"\n") + 1, "not_utf8"))
        return None
    except OSError as error:
        problems.append(Problem(file, 1, "unreadable", found=error.strerror or str(error)))
        return None

    try:
        node = _parsed(text)
    except DuplicateKeyError as error:
        problems.append(Problem(file, _mark(error), "key_twice", found=_key_of(error)))
        return None
    except MarkedYAMLError as error:
        problems.append(Problem(file, _mark(error), "not_yaml", found=error.problem or ""))
        return None
    except (YAMLError, ValueError) as error:
        problems.append(Problem(file, 1, "not_yaml", found=str(error).splitlines()[0]))
        return None
    if node is None:
        problems.append(Problem(file, 1, "empty_file"))
    return node


@lru_cache(maxsize=96)
def _parsed(text: str) -> Any:
    """Kept, because the shipped shelf is read once more beside each folder that is checked. Nodes are looked at only."""
    yaml = YAML(typ="rt", pure=True)
    yaml.version = (1, 2)
    return yaml.load(text)


def _mark(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _key_of(error: DuplicateKeyError) -> str:
    words = (error.problem or "").split('"')
    return words[1] if len(words) > 1 else ""


def _plain(node: Any, file: str, problems: list[Problem], line: int = 1) -> Any:
    """The same as JSON values: text, whole numbers, truth values, nothing, lists and mappings."""
    if isinstance(node, CommentedMap | CommentedSeq) and node.tag.value is not None:
        problems.append(Problem(file, line, "tag", found=str(node.tag.value)))
        return None
    if isinstance(node, CommentedMap):
        return dict(_pairs(node, file, problems))
    if isinstance(node, CommentedSeq):
        return [_plain(each, file, problems, _place(node.lc.item, place, line)) for place, each in enumerate(node)]
    if node is None or isinstance(node, bool):
        return node
    if isinstance(node, int):
        return int(node)
    if isinstance(node, TaggedScalar):
        problems.append(Problem(file, line, "tag", found=str(node.tag)))
        return None
    if isinstance(node, str):
        return unicodedata.normalize("NFC", str(node)).rstrip("\n")
    if isinstance(node, datetime):
        return node.isoformat()
    if isinstance(node, date):
        return node.isoformat()
    problems.append(Problem(file, line, "number_with_point", found=str(node)))
    return None


def _pairs(node: CommentedMap, file: str, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        line = _place(node.lc.key, key, 1)
        if not isinstance(key, str):
            problems.append(Problem(file, line, "key_not_text", found=str(key)))
            continue
        yield str(key), _plain(value, file, problems, _place(node.lc.value, key, line))


def _place(look_up: Any, key: Any, otherwise: int) -> int:
    try:
        return look_up(key)[0] + 1
    except (KeyError, TypeError, IndexError):
        return otherwise


def _line(node: Any, path: tuple[str | int, ...], line: int) -> int:
    for step in path:
        if isinstance(node, CommentedMap) and step in node:
            line = _place(node.lc.key, step, line)
            node = node[step]
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line = _place(node.lc.item, step, line)
            node = node[step]
    return line


def _named(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


# From pydantic's findings to ours

_CODES = {
    "missing": "key_missing",
    "extra_forbidden": "unknown_key",
    "unexpected_keyword_argument": "unknown_key",
    "string_too_short": "empty",
    "too_short": "empty",
    "literal_error": "not_known",
    "enum": "not_known",
    "string_pattern_mismatch": "not_a_code",
    "value_error": "not_allowed_here",
}

_TYPES = {
    "string_type": "text",
    "int_type": "whole_number",
    "int_from_float": "whole_number",
    "bool_type": "truth_value",
    "tuple_type": "list",
    "list_type": "list",
    "dict_type": "mapping",
    "mapping_type": "mapping",
    "dataclass_type": "mapping",
    "dataclass_exact_type": "mapping",
    "date_type": "date",
    "date_parsing": "date",
    "date_from_datetime_parsing": "date",
    "date_from_datetime_inexact": "date",
}


def _shaped(draft: Draft, section: str, shape: TypeAdapter[Any], value: Any) -> Any:
    try:
        return shape.validate_json(json.dumps(value))
    except ValidationError as error:
        reported: set[tuple[Any, ...]] = set()
        for found in error.errors(include_url=False, include_context=True):
            problem = _problem(draft, section, value, found)
            key = (problem.file, problem.line, problem.path)
            if key not in reported:
                reported.add(key)
                draft.problems.append(problem)
        return None


def _problem(draft: Draft, section: str, value: Any, found: Mapping[str, Any]) -> Problem:
    path = tuple(step for step in _walked(value, found["loc"]))
    file, line = draft.line_of(section, path)
    kind = found["type"]
    code = _CODES.get(kind, "wrong_kind")
    expected = found.get("ctx", {}).get("expected", "") or _TYPES.get(kind, "")
    if code in ("key_missing", "unknown_key"):
        return Problem(file, line, code, _path(section, path), found=str(found["loc"][-1]))
    return Problem(file, line, code, _path(section, path), str(expected), _short(found.get("input")))


def _walked(value: Any, loc: Iterable[str | int]) -> Iterator[str | int]:
    """The part of a finding's path that stands in the data; names of alternatives inside it are left out."""
    for step in loc:
        named = isinstance(value, Mapping) and step in value
        placed = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if named or placed:
            value = value[step]
            yield step
        elif not isinstance(value, Mapping | list):
            return


def _path(section: str, path: Iterable[str | int]) -> str:
    steps = [section, *(str(step + 1) if isinstance(step, int) else str(step) for step in path)]
    return " › ".join(steps)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "{…}"
    if isinstance(value, list):
        return "[…]"
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def check(folder: Path | str, *, shipped: Path | None = None) -> list[Problem]:
    """Everything that is wrong with the packs in a folder. An empty list: they may be loaded."""
    drafts = read_all(Path(folder), shipped=shipped)
    return [problem for draft in drafts for problem in draft.problems]
