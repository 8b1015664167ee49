"""The contrast of the tokens, computed from the style sheet itself."""

import re
from pathlib import Path

import pytest

import suyuan

CSS = (Path(suyuan.__file__).parent / "ui/static/ui/suyuan.css").read_text(encoding="utf-8")


def tokens(selector: str) -> dict[str, str]:
    block = re.search(re.escape(selector) + r"\s*{([^}]*)}", CSS).group(1)
    return dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})\b", block))


LIGHT = tokens(':root, [data-theme="light"]')
DARK = tokens('\n[data-theme="dark"]')
BY_SYSTEM = tokens(':root:not([data-theme="light"])')
PRINT = tokens('[data-theme="dark"], [data-theme="light"]')

TEXT = [
    *[(ink, ground) for ink in ("ink", "ink2") for ground in (
        "paper", "sheet", "well", "qing-wash", "late-wash", "soon-wash", "law-wash", "sand-wash")],
    *[("ink3", ground) for ground in ("paper", "sheet", "well")],
    *[("qing", ground) for ground in ("paper", "sheet", "qing-wash")],
    *[("late", ground) for ground in ("paper", "sheet", "late-wash")],
    *[("soon", ground) for ground in ("paper", "sheet", "soon-wash")],
    *[("law", ground) for ground in ("paper", "sheet", "law-wash")],
    ("sand", "sand-wash"), ("qing-deep", "qing-wash"), ("qing-deep", "paper"), ("qing-deep", "well"),
    *[("on", solid) for solid in ("qing", "qing-deep", "late", "soon", "law")],
    ("sheet", "ink"),
]
SHAPES = [
    *[("edge", ground) for ground in ("paper", "sheet")],
    *[(shape, ground) for shape in ("qing", "late", "soon", "law") for ground in ("paper", "sheet")],
    ("soon", "soon-wash"), ("late", "late-wash"), ("ink", "ink20"),
]


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(theme, ink, ground):
    assert contrast(theme[ink], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_that_mean_something_can_be_seen(theme, shape, ground):
    assert contrast(theme[shape], theme[ground]) >= 3


def test_dark_is_the_same_whether_chosen_or_by_the_system():
    assert DARK == BY_SYSTEM
    assert DARK.keys() == LIGHT.keys() == PRINT.keys()


def test_black_on_white_is_twenty_one():
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
