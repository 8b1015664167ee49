"""Parts that stand together in one sentence are looked for in that sentence, wherever else their words stand."""

from suyuan.kernel.textlint import Context, Linter, Rule, RuleSet, Words, frames


def _linter(frame: str) -> Linter:
    rule = Rule("T-1", "threat", {"statement": "warn"}, tuple(frames.read(frame)))
    return Linter(RuleSet((rule,), {"you": Words(("您",)), "list": Words(("風控名單",))}))


def _found(frame: str, text: str) -> list[str]:
    return [text[f.start : f.end] for f in _linter(frame).check(text, Context("statement"))]


def test_a_word_of_the_sentence_before_does_not_hide_the_one_in_this_sentence():
    assert _found("<list> & <you>", "您好。謝謝您的來信。若再反映，您會進風控名單。") == ["您會進風控名單"]


def test_the_nearest_one_of_a_long_sentence_counts():
    text = "您好，" + "這件事我們還在看，" * 9 + "您會進風控名單。"
    assert _found("<list> & <you>", text) == ["您會進風控名單"]


def test_parts_of_two_sentences_are_not_together():
    assert _found("<list> & <you>", "謝謝您。風控名單由資訊單位保管。") == []
