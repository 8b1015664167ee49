"""People outside the staff. One table: a patient is a person who was treated here, and may have a chart number.

Names, birth date, chart number and contacts lie sealed; blind rows beside them answer exact questions.
A person belongs to a branch, as charts do. Persons found to be the same are merged with a trail.
"""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q

from suyuan.people import rules
from suyuan.platform import chance
from suyuan.platform.keys import seal, unseal

# Fixed names in sealed values: a renaming never changes them.
FAMILY_NAME, GIVEN_NAME = "person.family_name", "person.given_name"
BIRTH_DATE, CHART_NUMBER = "person.birth_date", "person.chart_number"
CONTACT_VALUE = "contact.value"


class Person(models.Model):
    uid = models.UUIDField(default=chance.uid, unique=True)
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, related_name="people")
    is_patient = models.BooleanField(default=False)
    family_name_sealed = models.BinaryField(null=True)
    given_name_sealed = models.BinaryField(null=True)
    birth_date_sealed = models.BinaryField(null=True)
    chart_number_sealed = models.BinaryField(null=True)
    language = models.CharField(max_length=10, blank=True)
    preferred_channel = models.CharField(max_length=20, blank=True)
    preferred_hours = models.CharField(max_length=80, blank=True)
    communication_need = models.CharField(max_length=200, blank=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="person_not_merged_into_self",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=models.F("id")),
            )
        ]
        indexes = [models.Index(fields=["branch", "created_at"], name="person_by_branch")]

    @property
    def stream(self) -> str:
        return f"person:{self.uid}"

    @property
    def family_name(self) -> str:
        return self._open(FAMILY_NAME, self.family_name_sealed)

    @property
    def given_name(self) -> str:
        return self._open(GIVEN_NAME, self.given_name_sealed)

    @property
    def full_name(self) -> str:
        return rules.full_name(self.family_name, self.given_name)

    @property
    def masked_name(self) -> str:
        return rules.masked_name(self.family_name, self.given_name)

    @property
    def birth_date(self) -> date | None:
        text = self._open(BIRTH_DATE, self.birth_date_sealed)
        return date.fromisoformat(text) if text else None

    @property
    def chart_number(self) -> str:
        return self._open(CHART_NUMBER, self.chart_number_sealed)

    def sealed(self, field: str, value: str) -> bytes | None:
        return seal(field, self.uid, value) if value else None

    def _open(self, field: str, blob: bytes | memoryview | None) -> str:
        return unseal(field, self.uid, bytes(blob)) if blob else ""


class ContactPoint(models.Model):
    """One way to reach a person. Ended, never deleted: a case may rest on what was sent there.

    blind   finds whose mail address or linked LINE account it is that something came from
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="contact_points")
    kind = models.CharField(max_length=10)  # rules.CONTACT_KINDS, LINE_ACCOUNT
    value_sealed = models.BinaryField()
    blind = models.BinaryField(null=True)
    preferred = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(preferred=True, ended_at__isnull=True),
                name="contact_one_preferred",
            )
        ]
        indexes = [
            models.Index(fields=["blind"], name="contact_by_blind", condition=Q(blind__isnull=False, ended_at__isnull=True))
        ]

    @property
    def value(self) -> str:
        return unseal(CONTACT_VALUE, self.uid, bytes(self.value_sealed)) if self.value_sealed else ""


class Representative(models.Model):
    """Who may speak for whom, by what document, and whether that was proven."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="represented_by")
    representative = models.ForeignKey(Person, models.PROTECT, related_name="represents")
    kind = models.CharField(max_length=20)  # rules.REPRESENTATIVE_KINDS
    document = models.CharField(max_length=200, blank=True)
    proven_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    proven_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "representative"],
                condition=Q(ended_at__isnull=True),
                name="representative_once",
            ),
            models.CheckConstraint(name="representative_is_another", condition=~Q(person=models.F("representative"))),
            models.CheckConstraint(
                name="authority_proven_by_someone",
                condition=Q(proven_at__isnull=True, proven_by__isnull=True)
                | Q(proven_at__isnull=False, proven_by__isnull=False),
            ),
        ]


class TreatmentReceived(models.Model):
    """What was done to a patient, as known: by statement, by import or by staff. Named (`rules`), until it is erased."""

    uid = models.UUIDField(default=chance.uid, unique=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="treatments")
    pack_code = models.CharField(max_length=60, blank=True)
    words = models.CharField(max_length=200, blank=True)
    on = models.DateField(null=True)
    precision = models.CharField(max_length=10, default="day")  # day | month | year | unknown
    branch = models.ForeignKey("accounts.Branch", models.PROTECT, related_name="+")
    staff = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    staff_words = models.CharField(max_length=80, blank=True)
    device = models.CharField(max_length=80, blank=True)
    lot = models.CharField(max_length=80, blank=True)
    price_minor = models.PositiveBigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    source = models.CharField(max_length=10)  # intake | import | staff
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="treatment_price_has_currency", condition=Q(price_minor__isnull=True) | ~Q(currency="")
            ),
            models.CheckConstraint(
                name="treatment_date_or_unknown",
                condition=Q(on__isnull=True, precision="unknown") | (Q(on__isnull=False) & ~Q(precision="unknown")),
            ),
        ]
        indexes = [
            models.Index(fields=["person", "on"], name="treatment_by_person"),
            models.Index(fields=["branch", "pack_code", "on"], name="treatment_by_kind"),
            models.Index(fields=["lot"], name="treatment_by_lot", condition=~Q(lot="")),
        ]


class PersonIndex(models.Model):
    """Blind index: which persons answer to a folded name, phone, last four digits or chart number."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="index_rows")
    field = models.CharField(max_length=20)
    blind = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["field", "blind", "person"], name="person_index_once")]
