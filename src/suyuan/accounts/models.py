"""The house and its staff. Rows end by date, they are not deleted."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac

from suyuan.accounts import rules
from suyuan.platform import chance


class Organisation(models.Model):
    """Who runs this database: one row."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    names = models.JSONField()  # {"zh-Hant": …, "zh-Hans": …, "en": …}
    triage_branch = models.ForeignKey("Branch", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(name="organisation_is_one_row", condition=Q(id=1))]

    def name(self, language: str) -> str:
        return name_in(self.names, language)


class Branch(models.Model):
    """A clinic: its law, its clock on the wall, how it is reached."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    code = models.CharField(max_length=2, unique=True)  # begins every case reference: TN
    names = models.JSONField()
    jurisdiction = models.CharField(max_length=2)  # tw | cn
    zone = models.CharField(max_length=40)
    language = models.CharField(max_length=10)
    phone = models.CharField(max_length=40, blank=True)
    emergency_phone = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=200, blank=True)
    opening_hours = models.JSONField(default=dict)  # ISO weekday → [["10:00", "13:00"], …]; rules.opening_hours
    portal_slug = models.SlugField(max_length=40, unique=True)

    def name(self, language: str) -> str:
        return name_in(self.names, language)

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def hours(self) -> dict[int, tuple[rules.Period, ...]]:
        return rules.opening_hours(self.opening_hours)


class Department(models.Model):
    uid = models.UUIDField(default=chance.uid, unique=True)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="departments")
    code = models.CharField(max_length=40)
    names = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["branch", "code"], name="department_code_once")]

    def name(self, language: str) -> str:
        return name_in(self.names, language)


def name_in(names: dict[str, str], language: str) -> str:
    """The name in `language` (zh-hant, zh-hans, en), or the first there is."""
    wanted = language.casefold()
    for key, name in names.items():
        if name and key.casefold() == wanted:
            return name
    return names.get("zh-Hant") or next((n for n in names.values() if n), "")


class UserManager(BaseUserManager):
    def get_by_natural_key(self, username: str) -> User:
        return self.get(login=login_folded(username))


def login_folded(login: str) -> str:
    return AbstractBaseUser.normalize_username(login).strip().casefold()


class User(AbstractBaseUser):
    """A person who works here or was invited. What they may do stands in memberships and guest grants."""

    last_login = None

    uid = models.UUIDField(default=chance.uid, unique=True)
    login = models.CharField(max_length=60, unique=True)
    display_name = models.CharField(max_length=80)  # 沈經理: surname and what they are called
    family_name = models.CharField(max_length=40, blank=True)
    given_name = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=10, default="zh-hant")
    theme = models.CharField(max_length=10, default="system")  # system | light | dark
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    session_version = models.PositiveIntegerField(default=1)  # raised to end every session of this person
    created_at = models.DateTimeField()

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    objects = UserManager()

    def __str__(self) -> str:
        return self.display_name

    @property
    def stream(self) -> str:
        return f"user:{self.uid}"

    def get_session_auth_hash(self) -> str:
        return self._get_session_auth_hash()

    def _get_session_auth_hash(self, secret=None) -> str:
        """Django compares this with the session at each request: a new password or version ends old sessions."""
        salt = "suyuan.accounts.models.User.session"
        value = f"{self.session_version}|{self.password}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()


class Member(models.Model):
    """A person's place in a branch, between two days (both included)."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="members")
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="members")
    title = models.CharField(max_length=60, blank=True)
    first_day = models.DateField()
    last_day = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "branch"],
                condition=Q(last_day__isnull=True, department__isnull=True),
                name="member_once_in_branch",
            ),
            models.UniqueConstraint(
                fields=["user", "branch", "department"],
                condition=Q(last_day__isnull=True, department__isnull=False),
                name="member_once_in_department",
            ),
            models.CheckConstraint(
                name="member_ends_after_it_begins", condition=Q(last_day__isnull=True) | Q(last_day__gte=F("first_day"))
            ),
        ]


class MemberRole(models.Model):
    """One role of a membership. `rules.MEMBER_ROLES` names them."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="roles")
    role = models.CharField(max_length=30)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "role"], name="member_role_once")]
        indexes = [models.Index(fields=["role", "member"], name="member_by_role")]


class GuestGrant(models.Model):
    """One case opened to someone from outside, until a day (included). The case is named, not linked: it lies above."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    user = models.ForeignKey(User, models.PROTECT, related_name="guest_grants")
    kind = models.CharField(max_length=10)  # doctor | lawyer
    stream = models.CharField(max_length=80)  # case:<uid>
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")  # whose days count
    last_day = models.DateField()
    reason = models.TextField()
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "stream"], condition=Q(ended_at__isnull=True), name="guest_once_on_a_case"
            )
        ]
        indexes = [models.Index(fields=["stream"], name="guest_by_stream")]


class Deputy(models.Model):
    """`user` stands in for another between two days (both included), and acts as themselves."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    user = models.ForeignKey(User, models.PROTECT, related_name="stands_in")
    stands_in_for = models.ForeignKey(User, models.PROTECT, related_name="deputies")
    first_day = models.DateField()
    last_day = models.DateField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="deputy_is_another_person", condition=~Q(user=F("stands_in_for"))),
            models.CheckConstraint(name="deputy_ends_after_it_begins", condition=Q(last_day__gte=F("first_day"))),
        ]

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    def covers(self, day: date) -> bool:
        return self.ended_at is None and self.first_day <= day <= self.last_day


class LoginBucket(models.Model):
    """Guesses left for a name, an address or everyone; shared by all processes, taken by compare-and-set."""

    name = models.CharField(max_length=80, primary_key=True)
    started_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)


class LoginAttempt(models.Model):
    """A password that was compared, right or wrong. What was refused before comparing is only counted."""

    at = models.DateTimeField()
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    address = models.GenericIPAddressField(null=True)
    known_device = models.BooleanField()
    right = models.BooleanField()

    class Meta:
        indexes = [
            models.Index(fields=["user", "at"], name="login_by_user"),
            models.Index(fields=["at"], name="login_by_time"),
        ]


class KnownDevice(models.Model):
    """A browser on which this person has logged in before. The cookie holds the token, the row its digest."""

    user = models.ForeignKey(User, models.PROTECT, related_name="devices")
    token_hash = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token_hash", "user"], name="device_once_per_person")]


class HeldForm(models.Model):
    """What someone had typed when their session ended: sealed, for the same person on the same device, for an hour."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    user = models.ForeignKey(User, models.PROTECT, related_name="held_forms")
    device_hash = models.CharField(max_length=64)
    path = models.CharField(max_length=500)  # where the form was being sent
    page = models.CharField(max_length=500)  # where it was being written
    body = models.BinaryField()
    had_files = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "created_at"], name="held_form_by_user")]
