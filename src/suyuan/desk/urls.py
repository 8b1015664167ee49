from django.urls import path

from suyuan.cases.rules import Paper
from suyuan.desk import bundles, evidence, inquiry, items, papers, rights, uploads, views
from suyuan.desk.acts import ACTS
from suyuan.desk.evidence_acts import EVIDENCE_ACTS

app_name = "desk"


def _of_each_kind(where: str, view, name: str) -> list:
    """The two documents are in different hands, so each has addresses of its own."""
    return [path(f"cases/<str:reference>/papers/{kind}/{where}", view(kind), name=f"{name}_{kind}") for kind in Paper]


urlpatterns = [
    path("", views.today, name="today"),
    path("handover/", views.handover, name="handover"),
    path("register/", views.register, name="register"),
    path("register/hints/", views.register_hints, name="register_hints"),
    path("registered/<str:reference>/", views.registered, name="registered"),
    path("rules/", views.packs_page, name="packs"),
    path("rules/cards/<str:code>/", views.card, name="card"),
    path("holds/", rights.holds, name="holds"),
    path("lots/", rights.lots, name="lots"),
    path("statements/", views.statements, name="statements"),
    path("statements/<uuid:uid>/", views.statement, name="statement"),
    path("cases/", views.cases, name="cases"),
    path("cases/<str:reference>/", views.case, name="case"),
    path("cases/<str:reference>/older/", views.older, name="older"),
    path("cases/<str:reference>/investigation/", views.investigation, name="investigation"),
    path("cases/<str:reference>/root-causes/<uuid:uid>/", papers.root_cause, name="root_cause"),
    path("cases/<str:reference>/root-causes/<uuid:uid>/pdf/", papers.root_cause_pdf, name="root_cause_pdf"),
    path("cases/<str:reference>/standard-of-care/", inquiry.standard_of_care, name="standard_of_care"),
    path("cases/<str:reference>/standard-of-care/save/", inquiry.care_sheet, name="care_sheet"),
    path("cases/<str:reference>/exposure/", inquiry.exposure, name="exposure"),
    path("cases/<str:reference>/outside/", views.outside, name="outside"),
    path("cases/<str:reference>/evidence/", evidence.evidence, name="evidence"),
    path("cases/<str:reference>/evidence/print/", evidence.evidence_print, name="evidence_print"),
    path("cases/<str:reference>/evidence/add/", evidence.evidence_add, name="evidence_add"),
    path("cases/<str:reference>/interviews/<uuid:uid>/", evidence.interview, name="interview"),
    path("cases/<str:reference>/interviews/<uuid:uid>/print/", evidence.interview_print, name="interview_print"),
    path("cases/<str:reference>/rights/", rights.rights, name="rights"),
    path("cases/<str:reference>/seals/<uuid:uid>/print/", rights.seal_print, name="seal_print"),
    path("cases/<str:reference>/copies/<uuid:uid>/print/", rights.copies_print, name="copies_print"),
    path("cases/<str:reference>/copies/<uuid:uid>/list/", rights.copies_list, name="copies_list"),
    path("cases/<str:reference>/files/", views.files, name="files"),
    path("cases/<str:reference>/files/uploads/", uploads.uploads, name="file_uploads"),
    path("cases/<str:reference>/files/uploads/<uuid:uid>/", uploads.upload, name="file_upload"),
    path("cases/<str:reference>/files/compare/", items.compare, name="compare"),
    path("cases/<str:reference>/files/<uuid:uid>/", items.file, name="file"),
    path("cases/<str:reference>/files/<uuid:uid>/shown/", items.file_shown, name="file_shown"),
    path("cases/<str:reference>/files/<uuid:uid>/play/", items.file_play, name="file_play"),
    path("cases/<str:reference>/files/<uuid:uid>/pages/<int:number>/", items.file_page, name="file_page"),
    path("cases/<str:reference>/files/<uuid:uid>/copy/", items.file_copy, name="file_copy"),
    path("cases/<str:reference>/files/<uuid:uid>/describe/", items.file_describe, name="file_describe"),
    path("cases/<str:reference>/files/<uuid:uid>/hand/", items.file_hand, name="file_hand"),
    path("cases/<str:reference>/files/<uuid:uid>/strip/", items.file_strip, name="file_strip"),
    path("cases/<str:reference>/files/<uuid:uid>/protect/", items.file_protect, name="file_protect"),
    path("cases/<str:reference>/files/<uuid:uid>/redact/", items.file_redact, name="file_redact"),
    path("cases/<str:reference>/makings/<uuid:uid>/", items.making, name="making"),
    path("cases/<str:reference>/letters/", views.letters, name="letters"),
    path("cases/<str:reference>/letters/write/", views.letter_write, name="letter_write"),
    path("cases/<str:reference>/letters/<uuid:uid>/take-back/", views.letter_take_back, name="letter_take_back"),
    path("cases/<str:reference>/receipt/", views.receipt, name="receipt"),
    path("cases/<str:reference>/survey/", views.survey, name="survey"),
    path("cases/<str:reference>/print/", views.case_print, name="print"),
    path("cases/<str:reference>/bundle/", bundles.bundle, name="bundle"),
    path("cases/<str:reference>/bundle/<uuid:uid>/", bundles.bundle_made, name="bundle_made"),
    path("cases/<str:reference>/bundle/<uuid:uid>/file/", bundles.bundle_file, name="bundle_file"),
    path("cases/<str:reference>/papers/", papers.papers, name="papers"),
    path("cases/<str:reference>/papers/passports/", papers.passport_make, name="passport_make"),
    path("cases/<str:reference>/papers/passports/<uuid:uid>/", papers.passport, name="passport"),
    path("cases/<str:reference>/papers/passports/<uuid:uid>/pdf/", papers.passport_pdf, name="passport_pdf"),
    path("cases/<str:reference>/papers/<uuid:uid>/", papers.report, name="report"),
    path("cases/<str:reference>/papers/<uuid:uid>/pdf/", papers.report_pdf, name="report_pdf"),
    path("cases/<str:reference>/papers/<uuid:uid>/compare/", papers.report_compare, name="report_compare"),
    path("cases/<str:reference>/papers/<uuid:uid>/give/", papers.report_give, name="report_give"),
    *_of_each_kind("new/", papers.report_new, "report_new"),
    *_of_each_kind("<uuid:uid>/write/", papers.report_write, "report_write"),
    *_of_each_kind("<uuid:uid>/sign/", papers.report_sign, "report_sign"),
    *_of_each_kind("<uuid:uid>/set/", papers.report_set, "report_set"),
    path("cases/<str:reference>/presence/", views.presence, name="presence"),
    path("cases/<str:reference>/clocks/<uuid:uid>/", views.clock, name="clock"),
    path("cases/<str:reference>/clocks/<uuid:uid>/pause/", views.clock_pause, name="clock_pause"),
    path("cases/<str:reference>/clocks/<uuid:uid>/extend/", views.clock_extend, name="clock_extend"),
    path("cases/<str:reference>/clocks/<uuid:uid>/resume/", views.clock_resume, name="clock_resume"),
    *(path(f"cases/<str:reference>/do/{act.code}/", views.act_view(act), name=f"act-{act.code}") for act in (*ACTS, *EVIDENCE_ACTS)),
]
