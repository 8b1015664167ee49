"""The outline icons we use, by the job they do here. `python -m suyuan.ui.icons FOLDER` rebuilds the sprite.

FOLDER is the unpacked `icons/outline` of @tabler/icons. A name that is not here is refused at render time, so a page
never shows an empty square.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

SPRITE = Path(__file__).parent / "static/ui/icons.svg"

# our name → the name of the outline it is drawn from
NAMES = {
    "today": "sun", "cases": "folders", "reviews": "message-star", "care": "heart-handshake", "insight": "chart-dots",
    "rules": "book-2", "more": "menu-2", "people": "users", "person": "user", "staff": "id-badge-2", "settings": "settings",
    "search": "search", "plus": "plus", "phone": "phone", "call-in": "phone-incoming", "mail": "mail", "message": "message-2",
    "send": "send", "note": "notes", "pencil": "pencil", "dots": "dots", "close": "x", "check": "check", "done": "circle-check",
    "info": "info-circle", "alert": "alert-circle", "warning": "alert-triangle", "danger": "stethoscope", "first-aid": "first-aid-kit",
    "lock": "lock", "unlock": "lock-open", "shield": "shield-lock", "eye": "eye", "eye-off": "eye-off", "scales": "scale",
    "calendar": "calendar", "calendar-question": "calendar-question", "clock": "clock", "hourglass": "hourglass", "pause": "player-pause",
    "history": "history", "file": "file-text", "file-plus": "file-plus", "photo": "photo", "clip": "paperclip", "upload": "upload",
    "download": "download", "print": "printer", "copy": "copy", "link": "link", "external": "external-link", "qr": "qrcode",
    "arrow-right": "arrow-right", "arrow-left": "arrow-left", "chevron-right": "chevron-right", "chevron-left": "chevron-left",
    "chevron-down": "chevron-down", "merge": "git-merge", "branch": "git-branch", "cloud-off": "cloud-off", "refresh": "refresh",
    "bulb": "bulb", "flag": "flag", "level-up": "arrow-up", "level-down": "arrow-down", "hand": "hand-stop", "door": "door-enter",
    "logout": "logout", "theme": "moon", "light": "sun-high", "language": "language", "keyboard": "keyboard", "globe": "world",
    "minus": "minus", "circle": "circle", "seal": "rosette-discount-check", "trash": "trash", "list": "list-details",
    "building": "building-hospital", "tablet": "device-tablet", "court": "gavel", "survey": "checklist", "bell": "bell", "help": "help-circle",
    "filter": "filter", "undo": "arrow-back-up", "agreement": "file-certificate", "why": "arrows-split", "key": "key", "speaker": "speakerphone",
}


def build(outlines: Path) -> str:
    symbols = []
    for ours, theirs in NAMES.items():
        svg = (outlines / f"{theirs}.svg").read_text(encoding="utf-8")
        inner = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.S).group(1)
        inner = re.sub(r"\s*\n\s*", "", inner)
        symbols.append(f'<symbol id="{ours}" viewBox="0 0 24 24">{inner}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


if __name__ == "__main__":
    SPRITE.write_text(build(Path(sys.argv[1])), encoding="utf-8")
