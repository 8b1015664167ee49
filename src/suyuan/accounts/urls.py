from django.urls import path

from suyuan.accounts import views

app_name = "accounts"
urlpatterns = [
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
    path("held/", views.held_forms, name="held"),
    path("me/", views.me, name="me"),
    path("me/password/", views.password, name="password"),
    path("me/deputy/", views.my_deputy, name="my_deputy"),
    path("deputies/<uuid:uid>/end/", views.deputy_end, name="deputy_end"),
    path("staff/", views.staff, name="staff"),
    path("staff/new/", views.staff_new, name="staff_new"),
    path("staff/<uuid:uid>/", views.person, name="person"),
    path("staff/<uuid:uid>/places/", views.member_add, name="member_add"),
    path("staff/<uuid:uid>/deputy/", views.deputy_add, name="deputy_add"),
    path("staff/<uuid:uid>/disable/", views.account, {"verb": "disable"}, name="disable"),
    path("staff/<uuid:uid>/enable/", views.account, {"verb": "enable"}, name="enable"),
    path("staff/<uuid:uid>/logout/", views.account, {"verb": "logout"}, name="logout_everywhere"),
    path("staff/<uuid:uid>/password/", views.account, {"verb": "password"}, name="first_password"),
    path("places/<uuid:uid>/roles/", views.member_roles, name="member_roles"),
    path("places/<uuid:uid>/end/", views.member_end, name="member_end"),
    path("guests/<uuid:uid>/end/", views.guest_end, name="guest_end"),
    path("branches/", views.branches, name="branches"),
    path("branches/<uuid:uid>/", views.branch_edit, name="branch"),
]
