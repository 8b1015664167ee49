from django.urls import path

from suyuan.portal.views import bundle, danger, files, follow, start, survey, write

app_name = "portal"
kiosk = {"kiosk": True}
urlpatterns = [
    path("", start.clinics, name="clinics"),
    path("proof/", start.proof, name="proof"),
    path("bundle/", bundle.bundle, name="bundle"),
    path("survey/", survey.survey, name="survey"),
    path("language/", start.language, name="language_here"),
    path("<slug:slug>/", start.start, name="start"),
    path("<slug:slug>/language/", start.language, name="language"),
    path("<slug:slug>/poster/", start.poster, name="poster"),
    path("<slug:slug>/danger/", danger.danger, name="danger"),
    path("<slug:slug>/write/", write.write, name="write"),
    path("<slug:slug>/write/save/", write.save, name="save"),
    path("<slug:slug>/write/clear/", write.clear, name="clear"),
    path("<slug:slug>/files/", files.uploads, name="files"),
    path("<slug:slug>/files/<uuid:uid>/", files.upload, name="file"),
    path("<slug:slug>/follow/", follow.follow, name="follow"),
    path("<slug:slug>/follow/message/", follow.message, name="follow_message"),
    path("<slug:slug>/follow/attach/", follow.add_files, name="follow_attach"),
    path("<slug:slug>/follow/demand/", follow.demand, name="follow_demand"),
    path("<slug:slug>/follow/asked/<uuid:uid>/", follow.asked, name="follow_request"),
    path("<slug:slug>/follow/withdraw/", follow.withdraw, name="follow_withdraw"),
    path("<slug:slug>/follow/survey/", follow.own_survey, name="follow_survey"),
    path("<slug:slug>/follow/proof/", follow.proof_file, name="follow_proof"),
    path("<slug:slug>/follow/papers/<uuid:uid>/", follow.paper, name="follow_paper"),
    path("<slug:slug>/follow/shown/<uuid:uid>/", follow.shown, name="follow_shown"),
    path("<slug:slug>/follow/leave/", follow.leave, name="follow_leave"),
    path("<slug:slug>/follow/files/", files.party_uploads, name="follow_files"),
    path("<slug:slug>/follow/files/<uuid:uid>/", files.party_upload, name="follow_file"),
    path("<slug:slug>/kiosk/", start.start, kiosk, name="kiosk"),
    path("<slug:slug>/kiosk/clear/", start.kiosk_clear, name="kiosk_clear"),
    path("<slug:slug>/kiosk/danger/", danger.danger, kiosk, name="kiosk_danger"),
    path("<slug:slug>/kiosk/write/", write.write, kiosk, name="kiosk_write"),
    path("<slug:slug>/kiosk/save/", write.save, kiosk, name="kiosk_save"),
    path("<slug:slug>/kiosk/files/", files.uploads, {"of": "kiosk"}, name="kiosk_files"),
    path("<slug:slug>/kiosk/files/<uuid:uid>/", files.upload, {"of": "kiosk"}, name="kiosk_file"),
]
