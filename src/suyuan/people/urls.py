from django.urls import path

from suyuan.people import views

app_name = "people"
urlpatterns = [
    path("", views.people, name="people"),
    path("new/", views.person_new, name="new"),
    path("<uuid:uid>/", views.person, name="person"),
    path("<uuid:uid>/edit/", views.person_edit, name="edit"),
    path("<uuid:uid>/contacts/", views.contact_add, name="contact_add"),
    path("<uuid:uid>/treatments/", views.treatment_add, name="treatment_add"),
    path("<uuid:uid>/representatives/", views.representative_add, name="representative_add"),
    path("<uuid:uid>/merge/", views.merge, name="merge"),
    path("contacts/<uuid:uid>/end/", views.contact_change, {"verb": "end"}, name="contact_end"),
    path("contacts/<uuid:uid>/prefer/", views.contact_change, {"verb": "prefer"}, name="contact_prefer"),
    path("representatives/<uuid:uid>/proof/", views.authority_prove, name="authority_prove"),
    path("representatives/<uuid:uid>/end/", views.representative_end, name="representative_end"),
]
