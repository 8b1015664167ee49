"""Reading the forms of a page and filling them in as a person might, whatever they ask."""
from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

FILLED = {
    "date": "2026-03-01",
    "datetime-local": "2026-03-11T08:00",
    "email": "someone@example.org",
    "number": "3",
    "tel": "0900-000-123",
    "time": "09:00",
}


@dataclass
class Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)  # radios and selects without a choice made

    def filled(self) -> dict[str, list[str]]:
        """What it holds already, and something in every field that is empty."""
        data: dict[str, list[str]] = {}
        for name, value in self.fields:
            data.setdefault(name, []).append(value)
        for name, offered in self.choices.items():
            if name not in data and offered:
                data[name] = [next((v for v in offered if v), "")]
        return data


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = self._area = ""
        self._text = ""

    def handle_starttag(self, tag, attrs):
        at = {k: v if v is not None else "" for k, v in attrs}
        if tag == "form":
            self._form = Form(at.get("action", ""), at.get("method", "get").lower())
            self.forms.append(self._form)
            return
        form = self._form
        if form is None:
            return
        name = at.get("name", "")
        if tag == "select":
            self._select = name
            form.choices.setdefault(name, [])
        elif tag == "option" and self._select:
            if "selected" in at and at.get("value"):
                form.fields.append((self._select, at["value"]))
            form.choices[self._select].append(at.get("value", ""))
        elif tag == "textarea" and name:
            self._area, self._text = name, ""
        elif tag == "input" and name:
            self._input(form, name, at)

    def _input(self, form: Form, name: str, at: dict[str, str]) -> None:
        kind, value = at.get("type", "text"), at.get("value", "")
        if kind in ("radio", "checkbox"):
            if "checked" in at:
                form.fields.append((name, value or "on"))
            form.choices.setdefault(name, []).append(value or "on")
        elif kind == "file":
            form.files.append(name)
        elif kind == "hidden":
            form.fields.append((name, value))
        elif kind not in ("submit", "button"):
            form.fields.append((name, value or FILLED.get(kind, "測試")))

    def handle_data(self, data):
        if self._area:
            self._text += data

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._area:
            if self._form is not None:
                self._form.fields.append((self._area, self._text.strip() or "我們看過紀錄，逐項說明如下。"))
            self._area = ""


def forms_of(page) -> list[Form]:
    reader = _Reader()
    reader.feed(page.content.decode() if hasattr(page, "content") else page)
    return reader.forms


def form_for(page, path: str) -> Form | None:
    """The form of a page that is sent to `path` (or to the page itself)."""
    posted = [f for f in forms_of(page) if f.method == "post"]
    return next((f for f in posted if f.action.split("?")[0] == path), None) or next(
        (f for f in posted if not f.action), None
    )
