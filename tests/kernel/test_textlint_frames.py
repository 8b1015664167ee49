"""How rules say what they look for, and what they find by it."""
from __future__ import annotations

import pytest

from suyuan.kernel.textlint import BadFrame, Context, Known, Linter, Rule, RuleSet, Scope, Shape, Words, read, verdict

WORDS = {
    "remove": Words(("刪除", "刪掉", "撤下")),
    "review": Words(("評論", "留言")),
    "money": Words(("退費", "補償")),
    "neg": Words(("不", "不會", "沒有"), ("不好意思", "不得不")),
    "if": Words(("若", "如果")),
    "ask": Words(("嗎", "是否")),
    "reported": Words(("您提到", "這樣的字眼")),
    "sue": Words(("提告", "sue")),
}
SHAPES = {"is_id": Shape(r"(?<![a-z0-9])[a-z]\d{9}(?!\d)", "digit", "tw_person")}


def found(frame: str, text: str, *silenced: str, **more) -> list[str]:
    rule = Rule("R", "threat", {"public_reply": "warn"}, read(frame), silenced_by=frozenset(silenced), **more)
    findings = Linter(RuleSet((rule,), WORDS, SHAPES)).check(text, Context("public_reply"))
    return [text[f.start : f.end] for f in findings]


@pytest.mark.parametrize(
    ("frame", "text", "spans"),
    [
        ("<remove> ..4 <review>", "請刪除這則評論", ["刪除這則評論"]),
        ("<remove> ..1 <review>", "請刪除這則評論", []),
        ("<remove> .. <review>", "請刪除，評論", []),
        ("<remove> ... <review>", "請刪除，那則評論", ["刪除，那則評論"]),
        ("<remove> ... <review>", "請刪除。評論", []),
        ("<review> & <money> & <remove>", "退費可以，評論請刪掉", ["退費可以，評論請刪掉"]),
        ("<money> & <remove>", "可以退費。請刪掉", []),
        ("<money> && <remove>", "可以退費。請刪掉", ["退費。請刪掉"]),
        ("(把|將)? ..2 <review> ..2 <remove>", "把評論刪掉", ["把評論刪掉"]),
        ("把 <review> (給|都)? <remove>", "把評論給刪掉，把留言撤下", ["把評論給刪掉", "把留言撤下"]),
        ("^ <review>", "您好，評論很好，這則留言", ["評論"]),
        ("<review> $", "這則留言，評論很好", ["留言"]),
        ("<remove> .. <review> -<money>", "刪除評論就退費", []),
        ("<remove> .. <review> -<money>", "刪除評論，就退費", ["刪除評論"]),
        ("<remove> .. <review> --<money>", "刪除評論，就退費", []),
        ("<sue>", "we will sue you, not pursue", ["sue"]),
        ("see_you", "I'll see you there", ["see you"]),
        ("<is_id>", "身分證 A123456789", ["A123456789"]),
        ("<is_id>", "身分證 A123456788", []),
    ],
)
def test_a_frame_finds_what_it_says(frame, text, spans):
    assert found(frame, text) == spans


@pytest.mark.parametrize(
    ("silenced", "text", "stands"),
    [
        (Scope.NEGATED, "我們不會請您刪除評論", False),
        (Scope.NEGATED, "不好意思請刪除評論", True),
        (Scope.NEGATED, "我們不得不請您刪除評論", True),
        (Scope.NEGATED, "沒有別的辦法，請刪除評論", True),
        (Scope.HYPOTHETICAL, "若您刪除評論", False),
        (Scope.HYPOTHETICAL, "若您願意。請刪除評論", True),
        (Scope.QUESTION, "能刪除評論嗎？", False),
        (Scope.QUESTION, "刪除評論？", False),
        (Scope.QUESTION, "刪除評論。好嗎？", True),
        (Scope.QUOTED, "您提到「刪除評論」", False),
        (Scope.QUOTED, "「刪除評論」這樣的字眼", False),
        (Scope.QUOTED, "請「刪除評論」", True),
    ],
)
def test_words_that_do_not_mean_what_they_say(silenced, text, stands):
    assert bool(found("<remove> ..3 <review>", text, silenced)) is stands
    assert found("<remove> ..3 <review>", text), "without the scope it is found"


def test_negation_between_the_parts_counts_and_negation_that_is_a_part_does_not():
    assert found("<money> .. <remove>", "退費不以刪除為條件", Scope.NEGATED) == []
    assert found("不 <remove>", "不刪除", Scope.NEGATED) == ["不刪除"]


@pytest.mark.parametrize(
    "hidden",
    ["請刪*除*評論", "请删除评论", "請 刪 除 評 論", "請刪\u200b除評\u2060論", "請刪\u0336除\u0336評論", "請刪除評論！！！！", "請刪·除評論"],
)
def test_words_are_found_through_what_hides_them(hidden):
    spans = found("<remove> <review>", hidden)
    assert len(spans) == 1
    assert hidden.index(spans[0]) >= 1
    assert spans[0][0] in "刪删"
    assert spans[0][-1] in "論论\u0336"


def test_full_width_and_case_are_one():
    assert found("<sue>", "ＳＵＥ") == ["ＳＵＥ"]
    assert found("<is_id>", "ａ１２３４５６７８９") == ["ａ１２３４５６７８９"]


def test_a_gap_between_words_ends_a_clause():
    assert found("<remove> .. <review>", "我們刪除 評論照舊") == []
    assert found("<remove> ... <review>", "我們刪除 評論照舊") == ["刪除 評論"]


def test_what_excuses_a_rule_is_looked_for_in_its_sentence_or_anywhere():
    excused = read("<sue>")
    assert found("<remove> ..3 <review>", "刪除評論，再提告", unless=excused) == []
    assert found("<remove> ..3 <review>", "刪除評論。再提告", unless=excused) == ["刪除評論"]
    assert found("<remove> ..3 <review>", "刪除評論。再提告", unless_anywhere=excused) == []


def test_something_missing_is_said_once_where_it_belongs():
    rule = Rule("M", "no_empathy", {"public_reply": "advise"}, read("<review>"), missing=True, at_least=4)
    linter = Linter(RuleSet((rule,), WORDS))
    [finding] = linter.check("請刪除它吧", Context("public_reply"))
    assert (finding.kind, finding.start, finding.end) == ("no_empathy", 5, 5)
    assert linter.check("這則評論很好", Context("public_reply")) == ()
    assert linter.check("好的", Context("public_reply")) == ()


def test_the_clinics_own_number_names_nobody():
    shapes = {"is_phone": Shape(r"(?<!\d)09\d{2}-?\d{3}-?\d{3}(?!\d)", "digit")}
    rule = Rule("P", "patient_data", {"public_reply": "block"}, read("<is_phone>"))
    linter = Linter(RuleSet((rule,), WORDS, shapes))
    own = Context("public_reply", allow=("0912345678",))
    assert linter.check("請打 0912-345-678", own) == ()
    assert [f.kind for f in linter.check("請打 0912-345-678，或 0987-654-321", own)] == ["patient_data"]


def test_the_clinics_own_number_is_still_a_way_to_call():
    shapes = {"is_phone": Shape(r"(?<!\d)09\d{2}-?\d{3}-?\d{3}(?!\d)", "digit")}
    rule = Rule("M", "no_private_channel", {"public_reply": "advise"}, read("<is_phone>"), missing=True)
    linter = Linter(RuleSet((rule,), WORDS, shapes))
    assert linter.check("請打 0912-345-678", Context("public_reply", allow=("0912345678",))) == ()
    assert len(linter.check("請打電話來", Context("public_reply", allow=("0912345678",)))) == 1


def test_the_linked_person_is_found_however_it_is_typed():
    known = (Known("name", "林曉雯"), Known("phone", "0912-345-678"))
    linter = Linter(RuleSet((), WORDS, known_levels={"public_reply": "block"}))
    text = "林 曉 雯您好，是 0912 345 678 嗎"
    spans = [(f.rule, text[f.start : f.end]) for f in linter.check(text, Context("public_reply", known=known))]
    assert spans == [("known-name", "林 曉 雯"), ("known-phone", "0912 345 678")]
    assert linter.check(text, Context("private_message", known=known)) == ()
    assert "林曉雯" not in repr(known)


def test_findings_stand_in_order_of_harm_and_say_one_thing_once():
    rules = (
        Rule("A", "threat", {"public_reply": "warn"}, read("<sue>")),
        Rule("B", "gag", {"public_reply": "block"}, read("<remove>")),
        Rule("C", "gag", {"public_reply": "warn"}, read("<remove> .. <review>")),
    )
    linter = Linter(RuleSet(rules, WORDS, ranks={"gag": 1, "threat": 2}))
    findings = linter.check("提告，刪除評論", Context("public_reply"))
    assert [(f.rule, f.level) for f in findings] == [("B", "block"), ("A", "warn")]
    assert verdict(findings) == "block"
    assert verdict(()) == "clean"


@pytest.mark.parametrize("frame", ["", "<remove", "& <review>", "<remove> ..99 <review>", "(a|b)?", "<A>"])
def test_a_frame_that_cannot_be_read_is_refused(frame):
    with pytest.raises(BadFrame):
        read(frame)


def test_a_list_nobody_knows_is_refused_when_the_rules_are_put_together():
    with pytest.raises(KeyError):
        Linter(RuleSet((Rule("R", "gag", {}, read("<nobody>")),), WORDS))
