import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import suyuan.platform.chance


class Migration(migrations.Migration):
    dependencies = [
        ("correspondence", "0008_words_before_everybody"),
        ("evidence", "0008_copies_being_made"),
        ("platform", "0006_words_may_be_erased"),
    ]

    operations = [
        migrations.AddField("incoming", "sender_blind", models.BinaryField(null=True)),
        migrations.AddIndex(
            "incoming",
            models.Index(fields=["sender_blind"], condition=Q(content_sealed__isnull=False), name="incoming_by_sender"),
        ),
        migrations.CreateModel(
            name="IncomingFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=suyuan.platform.chance.uid, unique=True)),
                (
                    "incoming",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="files", to="correspondence.incoming"
                    ),
                ),
                ("remote", models.CharField(blank=True, default="", max_length=64)),
                ("name_sealed", models.BinaryField(null=True)),
                ("state", models.CharField(max_length=10)),
                ("why", models.CharField(blank=True, default="", max_length=20)),
                (
                    "stored",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incoming_file",
                        to="platform.storedfile",
                    ),
                ),
                (
                    "item",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="incoming_file", to="evidence.item"
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="incoming_file_is_where_it_says",
                        condition=Q(state="waiting", stored=None, item=None, why="", settled_at=None)
                        | Q(state="kept", stored__isnull=False, item=None, why="", settled_at__isnull=False)
                        | Q(state="given", stored__isnull=False, item__isnull=False, why="", settled_at__isnull=False)
                        | (Q(state="left", stored=None, item=None, settled_at__isnull=False) & ~Q(why="")),
                    )
                ],
                "indexes": [
                    models.Index(fields=["id"], condition=Q(state="waiting"), name="incoming_file_waiting")
                ],
            },
        ),
    ]
