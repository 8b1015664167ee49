from django.urls import path, re_path

from suyuan.accounts import views

app_name = "accounts"
urlpatterns = [
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
    path("held/", views.held_forms, name="held"),
    path("me/", views.me, name="me"),
    path("me/password/", views.password, name="password"),
    path("me/deputy/", views.deputy_add, name="my_deputy"),
    path("deputies/<uuid:uid>/end/", views.deputy_end, name="deputy_end"),
    path("staff/", views.staff, name="staff"),
    path("staff/new/", views.staff_new, name="staff_new"),
    path("staff/<uuid:uid>/", views.person, name="person"),
    path("staff/<uuid:uid>/places/", views.member_add, name="member_add"),
    path("staff/<uuid:uid>/deputy/", views.deputy_add, name="deputy_add"),
    re_path(
        r"^staff/(?P<uid>[0-9a-f-]{36})/account/(?P<verb>disable|enable|logout|password)/$",
        views.account,
        name="account",
    ),
    path("places/<uuid:uid>/roles/", views.member_roles, name="member_roles"),
    path("places/<uuid:uid>/end/", views.member_end, name="member_end"),
    path("guests/<uuid:uid>/end/", views.guest_end, name="guest_end"),
    path("branches/", views.branches, name="branches"),
    path("branches/<uuid:uid>/", views.branch_edit, name="branch"),
]
