"""What cases refuse, in words for the person who asked."""
from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from suyuan.accounts.labels import who_label
from suyuan.cases.rules import Missing
from suyuan.kernel.refusal import BadInput, MovedMeanwhile, NotAllowed, Refusal


class CaseMovedMeanwhile(MovedMeanwhile):
    code = "case_moved_meanwhile"

    def message(self) -> str:
        return _("您寫的時候，這個案件已經由同事處理到下一步。您寫的字還在下面，請先看看現在的情形。")


class MayNot(NotAllowed):
    """`who_could`: roles and relations that may."""

    code = "may_not"

    def __init__(self, denied_code: str, who_could: tuple[str, ...] = ()) -> None:
        super().__init__(denied=denied_code, who_could=who_could)

    def message(self) -> str:
        if self.data["denied"] == "same_person":
            return _("這一步需要另一位同事決定：提出的人不能自己核准。")
        if self.data["denied"] == "nothing_requested":
            return _("還沒有人提出，所以沒有可以決定的事。")
        names = _("、").join(dict.fromkeys(str(who_label(r)) for r in self.data["who_could"]))
        if names:
            return _("這一步要由%(who)s來做。") % {"who": names}
        return _("這一步不在您的職責裡。")


class GatesShut(Refusal):
    """The stage cannot move yet; `missing` says what is still open, and `words` says it for people."""

    code = "gates_shut"

    def __init__(self, missing: list[Missing], words: list[str]) -> None:
        super().__init__(missing=missing, words=words)
        self.missing = missing
        self.words = words

    def message(self) -> str:
        count = len(self.missing)
        head = ngettext("還差 %(n)s 件：", "還差 %(n)s 件：", count) % {"n": count}
        return head + _("；").join(self.words)


class WrongStage(Refusal):
    code = "wrong_stage"

    def message(self) -> str:
        return _("案件現在的階段不能做這一步。")


class PersonComplainedAbout(Refusal):
    """A person complained about never investigates, owns or speaks in the case."""

    code = "person_complained_about"

    def message(self) -> str:
        return _("這位同事是申訴提到的人，不能參與這個案件的處理。")


class AlreadyDone(Refusal):
    code = "already_done"

    def message(self) -> str:
        return _("這件事已經做過了，沒有再記一次。")


class NotDueYet(Refusal):
    """Something of the case must be kept again, or is gone already."""

    code = "not_due_yet"

    def message(self) -> str:
        return _("這件的資料還在保存期限內，或已經刪除。")


class EvidenceIsGiven(Refusal):
    """A task that asks for evidence ends with the evidence, or with words that there is none."""

    code = "evidence_is_given"

    def message(self) -> str:
        return _("這件待辦是請您提供證據：請從請求頁交來，或寫下為什麼沒有。")


class StatedTimeWrong(BadInput):
    code = "stated_time_wrong"

    def __init__(self, problem: str, field: str = "happened_at") -> None:
        words = {"future": _("這個時間還沒有到。"), "ancient": _("這個時間太久以前了，請再看一下年份。")}[problem]
        super().__init__(fields={field: words}, problem=problem)

    def message(self) -> str:
        return "".join(str(words) for words in self.fields.values())


class WordsMissing(BadInput):
    code = "words_missing"

    def __init__(self, field: str = "words") -> None:
        super().__init__(fields={field: _("請寫下內容。")})

    def message(self) -> str:
        return "".join(str(words) for words in self.fields.values())


class ItemPromised(Refusal):
    """An item of a set of copies that waits to be handed over stays where it is."""

    code = "item_promised"

    def message(self) -> str:
        return _("這個證物在一份準備好、還沒交出的複製本裡，不能移動。先把那一份交出，再來移動。")


class TooEarlyOrLate(Refusal):
    """Outside the window in which this may be done (reopening)."""

    code = "outside_window"

    def message(self) -> str:
        return _("已經過了可以重啟的期間。請另開一個新的案件，並註明這個案號。")


class ClockNotPausable(Refusal):
    code = "clock_not_pausable"

    def message(self) -> str:
        return _("法定期限不能暫停。")


class ClockNotExtendable(Refusal):
    """The rule knows no extension, or as many as it allows are recorded. `times`: how many are."""

    code = "clock_not_extendable"

    def message(self) -> str:
        if self.data.get("times"):
            return _("這個期限已經延長到規定容許的次數，不能再延長。")
        return _("這個期限不能延長。")


class ClockOver(BadInput):
    """An extension must have been decided while the deadline still ran."""

    code = "clock_over"

    def __init__(self) -> None:
        super().__init__(fields={"happened_at": _("延長要在期限屆滿之前決定；這個時間已經過了期限。")})

    def message(self) -> str:
        return str(self.fields["happened_at"])


class TooLong(BadInput):
    code = "too_long"

    def __init__(self, field: str, limit: int) -> None:
        super().__init__(fields={field: _("太長了：最多 %(n)s 個字。") % {"n": limit}}, limit=limit)

    def message(self) -> str:
        return "".join(str(words) for words in self.fields.values())


# --- handling, investigating, ending -------------------------------------------------------------------------------


class TreatedThePatient(Refusal):
    """Whoever took part in a treatment of this patient does not look into it: design, and the gate's own words."""

    code = "treated_the_patient"

    def message(self) -> str:
        return _("這位同事參與過這位病人的治療，不能調查。請指派沒有參與的同事，別的分院也可以；沒有人選時，可以邀請院外醫師或律師。")


class MayNotInvestigate(Refusal):
    code = "may_not_investigate"

    def message(self) -> str:
        return _("這位同事不能調查這個案件。調查的人要在適用同一套法律的分院任職，而且不是稽核。")


class NotOfThisBranch(Refusal):
    code = "not_of_this_branch"

    def message(self) -> str:
        return _("這位同事在這個分院沒有可以處理案件的職務。")


class ReadsNoWords(Refusal):
    """Who is responsible, or speaks with the person, must be able to read what the person said."""

    code = "reads_no_words"

    def message(self) -> str:
        return _("這位同事的職務看不到申訴的內容，不能負責案件，也不能當對外窗口。")


class HarmJudged(Refusal):
    """A doctor has judged the harm; what anybody says now does not undo it."""

    code = "harm_judged"

    def message(self) -> str:
        return _("醫師已經判斷過，這裡不能改寫。知道是哪一天發生的，仍然可以補上；情形有變，請醫師重新判斷。")


class WhichIncident(BadInput):
    """Several events wait for a report of this kind; one report ends the clocks of one."""

    code = "which_incident"

    def __init__(self) -> None:
        super().__init__(fields={"incident": _("有好幾件事件等著通報，請選這次通報的是哪一件。")})

    def message(self) -> str:
        return str(self.fields["incident"])


class LevelNotHigher(Refusal):
    """Raising only goes up; lowering asks a second person."""

    code = "level_not_higher"

    def message(self) -> str:
        return _("案件已經是這個等級或更高。要調低，請寫下理由，由另一位同事決定。")


class LevelNotLower(Refusal):
    code = "level_not_lower"

    def message(self) -> str:
        return _("這個等級沒有比現在低。要調高，直接調高就可以。")


class AlreadyAsked(Refusal):
    """The same question already waits for a second person."""

    code = "already_asked"

    def message(self) -> str:
        return _("已經有人提出，正在等另一位同事決定。")


class MinuteMissing(WordsMissing):
    """Once disputed, each talk leaves a written minute."""

    code = "minute_missing"

    def message(self) -> str:
        return _("這個案件已有爭議，談話可以照常，請寫下談話要點。")


class MorePeopleThanAllowed(BadInput):
    """More people on one side of a talk than the law allows. What happened may still be taken down, with the reason."""

    code = "more_people_than_allowed"

    def __init__(self, sides: Iterable[str], most: int) -> None:
        words = _("法規規定每方最多 %(n)s 位。真的超過時，請在內容寫明原因，並勾選下面的「人數超過規定」。") % {"n": most}
        super().__init__(fields={side: words for side in sorted(sides)}, most=most)

    def message(self) -> str:
        return next(str(words) for words in self.fields.values())


class DangerNeedsDoctor(Refusal):
    """A danger sign ends with what a doctor recorded, not with a tick."""

    code = "danger_needs_doctor"

    def message(self) -> str:
        return _("危險徵象要由醫師看過、寫下紀錄後才算完成。")


class CallingOneself(BadInput):
    """Whoever calls for help calls somebody else."""

    code = "calling_oneself"

    def message(self) -> str:
        return _("請選另一位同事")


class CalledSomebodyElse(Refusal):
    """Only who was called says that they come."""

    code = "called_somebody_else"

    def message(self) -> str:
        return _("這次請的是另一位同事")


class NotYourTask(NotAllowed):
    code = "not_your_task"

    def message(self) -> str:
        return _("這件待辦交給了另一位同事，請由那位同事或主管完成。")


class PromiseInThePast(BadInput):
    code = "promise_in_the_past"

    def __init__(self) -> None:
        super().__init__(fields={"due_at": _("承諾的時間要在現在之後。")})

    def message(self) -> str:
        return str(self.fields["due_at"])


class NoMailAddress(BadInput):
    code = "no_mail_address"

    def __init__(self) -> None:
        super().__init__(fields={"method": _("還沒有這位申訴人的電子郵件地址，請改用其他方式。")})

    def message(self) -> str:
        return str(self.fields["method"])


class NotComplainedAbout(Refusal):
    code = "not_complained_about"

    def message(self) -> str:
        return _("這位同事不是這個案件提到的人。")


class OtherCase(Refusal):
    """A row of another case was handed in."""

    code = "other_case"
    status = 404

    def message(self) -> str:
        return _("這一筆不屬於這個案件。")


class IdentityNotVerified(Refusal):
    """Only somebody whose identity staff have verified is given a new key to the case."""

    code = "identity_not_verified"

    def message(self) -> str:
        return _("身分還沒有核對")


class AlreadyCorrected(Refusal):
    code = "already_corrected"

    def message(self) -> str:
        return _("這一項發現已經更正過了，請更正最新的那一項。")


class SurveyOver(Refusal):
    code = "survey_over"
    status = 410

    def message(self) -> str:
        return _("這份問卷已經過了可以填寫的時間。您仍然可以在追蹤頁留言給我們。")


class NotForThisPurpose(Refusal):
    """Nothing of a case leaves the house for this purpose."""

    code = "not_for_this_purpose"

    def message(self) -> str:
        return _("案件的資料不對外公開，不能為這個用途交出去。")


class PaperMovedMeanwhile(MovedMeanwhile):
    """Somebody else wrote on the same draft, or finished it."""

    code = "paper_moved_meanwhile"

    def message(self) -> str:
        return _("您寫的時候，同事也存了這份草稿。您寫的字還在下面，請先看看同事改了什麼。")


class PaperIncomplete(BadInput):
    """What must be written before it can be signed."""

    code = "paper_incomplete"

    def __init__(self, fields: Iterable[str]) -> None:
        super().__init__(fields={field: _("這裡還沒有寫。") for field in fields})

    def message(self) -> str:
        return _("還有沒寫完的地方，寫完才能送簽。")


class NothingFound(Refusal):
    code = "nothing_found"

    def message(self) -> str:
        return _("還沒有寫下查明的事實，所以還沒有可以報告的。")


class WordsProtected(BadInput):
    """A passage stands word for word in protected material. Says neither which nor whose."""

    code = "words_protected"

    def __init__(self, fields: Iterable[str]) -> None:
        super().__init__(fields={field: self.message() for field in fields})

    def message(self) -> str:
        return _("這裡有一段和受保護的紀錄一字不差。那些話不能隨這份文件出去，請用自己的話寫查明的事實。")


class WrongPaperState(Refusal):
    code = "wrong_paper_state"

    def message(self) -> str:
        return _("這份文件現在的狀態不能做這一步。")


class NotASigner(Refusal):
    code = "not_a_signer"

    def message(self) -> str:
        return _("這一版送簽時，名單上沒有您，所以不由您簽署。")


class NobodySigns(Refusal):
    code = "nobody_signs"

    def message(self) -> str:
        return _("沒有可以簽署的人：請先指派調查人。")


class NotDisclosedYet(Refusal):
    code = "not_disclosed_yet"

    def message(self) -> str:
        return _("請先在案件裡說明調查結果，再把這份文件交給對方。")


class NothingCited(BadInput):
    code = "nothing_cited"

    def message(self) -> str:
        return _("請選出這項發現依據的證物；沒有證物可引時，請寫下依據什麼。")


class NoRootNamed(BadInput):
    code = "no_root_named"

    def message(self) -> str:
        return _("請至少把一個原因標為根本原因。")


class ConflictNeedsReason(Refusal):
    """Carries `seen`: codes of what connects the person with a party."""

    code = "conflict_needs_reason"
    status = 422

    def __init__(self, seen: Iterable[str]) -> None:
        super().__init__(seen=list(seen))

    def message(self) -> str:
        from suyuan.cases.phrases import CONNECTIONS

        words = _("、").join(str(CONNECTIONS[code]) for code in self.data["seen"])
        return _("這位同事可能有利害關係：%(seen)s。仍要指派時，請寫下理由。") % {"seen": words}


class NothingToDeclare(Refusal):
    code = "nothing_to_declare"

    def message(self) -> str:
        return _("沒有等您填寫的利益聲明。")


class NotADoctor(Refusal):
    code = "not_a_doctor"

    def message(self) -> str:
        return _("醫療標準由醫師評估。請選一位沒有參與治療的醫師，或邀請院外醫師。")


class NotTheReviewer(NotAllowed):
    code = "not_the_reviewer"

    def message(self) -> str:
        return _("這份評估由受託的醫師填寫。")


class LinesNotCited(Refusal):
    """Carries `questions`: codes of the questions that lack an answer or evidence."""

    code = "lines_not_cited"
    status = 422

    def __init__(self, questions: Iterable[str]) -> None:
        super().__init__(questions=list(questions))

    def message(self) -> str:
        return _("還有問題沒有寫下答案或沒有引用證物。結論若是「尚未判定」，可以先簽署。")


class AlreadySigned(Refusal):
    code = "already_signed"

    def message(self) -> str:
        return _("您已經簽署這份評估，不能再改。有新的看法時，請寫成不同意見或請第二位醫師評估。")


class NotSignedYet(Refusal):
    code = "not_signed_yet"

    def message(self) -> str:
        return _("這份評估還沒有簽署。")


class OwnJudgement(Refusal):
    code = "own_judgement"

    def message(self) -> str:
        return _("不同意見由其他人寫；您自己的看法已經在評估裡。")


class OwnHold(NotAllowed):
    """Whoever placed a hold does not lift it."""

    code = "own_hold"

    def message(self) -> str:
        return _("這項保全是您要求的，要由另一位法務或院長解除。診所裡沒有別人時，可以邀請院外律師。")


class HoldStillNeeded(Refusal):
    code = "hold_still_needed"

    def message(self) -> str:
        return _("還有案外的程序在進行，這段期間不能解除保全。")


class KeptByLaw(Refusal):
    """Carries `group`, `rule` and `until`."""

    code = "kept_by_law"

    def message(self) -> str:
        return _("這一組依法還要保存（%(rule)s），不能刪除。") % self.data


class NotAskedFor(Refusal):
    code = "not_asked_for"

    def message(self) -> str:
        return _("這項要求已經答覆，或不是這一種要求。")


class AskerNotVerified(Refusal):
    """Copies of a chart go to nobody whose identity, or authority, has not been seen."""

    code = "asker_not_verified"

    def message(self) -> str:
        return _("提出的人身分還沒有核對，或代理權還沒有確認，不能交付複製本。請先記下核對。")
