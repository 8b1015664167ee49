import django.db.models.deletion
import suyuan.platform.chance
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('correspondence', '0006_what_comes_by_itself'),
        ('platform', '0006_words_may_be_erased'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='message',
            name='message_beyond_draft_has_its_text',
        ),
        migrations.AddField(
            model_name='message',
            name='verdict',
            field=models.CharField(blank=True, default='before', max_length=10),
        ),
        migrations.AlterField(
            model_name='message',
            name='verdict',
            field=models.CharField(blank=True, default='', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'waiting', 'withdrawn']), models.Q(('draft_body', ''), ('text__isnull', False)), _connector='OR'), name='message_beyond_draft_has_its_text'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'waiting', 'withdrawn', 'received']), models.Q(('verdict', ''), _negated=True), _connector='OR'), name='message_out_has_its_verdict'),
        ),
        migrations.CreateModel(
            name='Clearance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=suyuan.platform.chance.uid, unique=True)),
                ('stream', models.CharField(max_length=80)),
                ('fact_stream', models.CharField(max_length=80)),
                ('party', models.CharField(blank=True, default='', max_length=80)),
                ('branch_id', models.PositiveBigIntegerField()),
                ('compartment', models.CharField(blank=True, default='', max_length=20)),
                ('surface', models.CharField(max_length=20)),
                ('language', models.CharField(max_length=10)),
                ('sha256', models.CharField(max_length=64)),
                ('text', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='platform.text')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('writer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('asked_at', models.DateTimeField()),
                ('why', models.TextField(blank=True)),
                ('level', models.CharField(max_length=10)),
                ('needs', models.CharField(max_length=10)),
                ('findings', models.JSONField(default=list)),
                ('packs', models.JSONField(default=list)),
                ('message', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='clearances', to='correspondence.message')),
                ('act', models.CharField(blank=True, default='', max_length=40)),
                ('form_sealed', models.BinaryField(null=True)),
                ('state', models.CharField(default='open', max_length=10)),
                ('ended_at', models.DateTimeField(null=True)),
                ('used_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['stream', 'sha256'], name='clearance_by_words'), models.Index(condition=models.Q(('state', 'open')), fields=['branch_id', 'id'], name='clearance_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('stream', 'surface', 'sha256'), name='clearance_asked_once'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='clearance_over_has_its_time'), models.CheckConstraint(condition=models.Q(('needs__in', ['one', 'two'])), name='clearance_never_for_never')],
            },
        ),
        migrations.CreateModel(
            name='ClearanceVote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('clearance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='correspondence.clearance')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('role', models.CharField(max_length=20)),
                ('yes', models.BooleanField()),
                ('reason', models.TextField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('clearance', 'by'), name='clearance_vote_once')],
            },
        ),
        migrations.CreateModel(
            name='FindingDispute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=suyuan.platform.chance.uid, unique=True)),
                ('stream', models.CharField(max_length=80)),
                ('branch_id', models.PositiveBigIntegerField()),
                ('rule', models.CharField(max_length=80)),
                ('kind', models.CharField(max_length=30)),
                ('level', models.CharField(max_length=10)),
                ('surface', models.CharField(max_length=20)),
                ('words_sealed', models.BinaryField(null=True)),
                ('why', models.TextField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField()),
                ('outcome', models.CharField(blank=True, default='', max_length=10)),
                ('outcome_why', models.TextField(blank=True, default='')),
                ('outcome_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('outcome_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('outcome', '')), fields=['id'], name='dispute_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('outcome', ''), ('outcome_at', None), ('outcome_by', None)), models.Q(models.Q(('outcome', ''), _negated=True), ('outcome_at__isnull', False), ('outcome_by__isnull', False)), _connector='OR'), name='dispute_judged_by_somebody')],
            },
        ),
        migrations.CreateModel(
            name='VerdictRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=suyuan.platform.chance.uid, unique=True)),
                ('stream', models.CharField(max_length=80)),
                ('what', models.CharField(max_length=30)),
                ('surface', models.CharField(max_length=20)),
                ('level', models.CharField(max_length=10)),
                ('findings', models.JSONField(default=list)),
                ('packs', models.JSONField(default=list)),
                ('sha256', models.CharField(max_length=64)),
                ('clearance', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='correspondence.clearance')),
                ('emergency', models.BooleanField(default=False)),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['stream', 'id'], name='verdict_by_stream')],
            },
        ),
    ]
