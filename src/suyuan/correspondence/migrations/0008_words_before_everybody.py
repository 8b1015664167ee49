import django.db.models.deletion
import suyuan.platform.chance
from django.conf import settings
from django.db import migrations, models

Q = models.Q
USER = settings.AUTH_USER_MODEL
PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('correspondence', '0007_guard'),
        ('evidence', '0008_copies_being_made'),
        ('platform', '0006_words_may_be_erased'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField('message', 'reply_to', models.CharField(blank=True, default='', max_length=20)),
        migrations.AddField('message', 'surface', models.CharField(blank=True, default='', max_length=20)),
        migrations.AddField('message', 'templates', models.JSONField(blank=True, default=list)),
        migrations.AddConstraint(
            'message',
            models.CheckConstraint(
                condition=(Q(channel='public') & ~Q(surface='')) | (~Q(channel='public') & Q(surface='')),
                name='message_public_says_where',
            ),
        ),
        migrations.AddIndex('message', models.Index(condition=Q(channel='public'), fields=['-id'], name='message_public')),
        migrations.AddField('verdictrow', 'asks', models.JSONField(default=list)),
        migrations.RemoveConstraint('clearance', 'clearance_never_for_never'),
        migrations.AddField('clearance', 'asks', models.JSONField(default=list)),
        migrations.AddConstraint(
            'clearance',
            models.CheckConstraint(
                condition=Q(needs__in=['one', 'legal', 'two', 'two_legal']), name='clearance_never_for_never'
            ),
        ),
        migrations.CreateModel(
            name='OwnName',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=suyuan.platform.chance.uid, unique=True)),
                ('branch', models.ForeignKey(null=True, on_delete=PROTECT, related_name='+', to='accounts.branch')),
                ('platform', models.CharField(max_length=40)),
                ('elsewhere', models.CharField(blank=True, default='', max_length=80)),
                ('name', models.CharField(max_length=120)),
                ('address', models.CharField(blank=True, default='', max_length=500)),
                ('added_by', models.ForeignKey(on_delete=PROTECT, related_name='+', to=USER)),
                ('added_at', models.DateTimeField()),
                ('ended_by', models.ForeignKey(null=True, on_delete=PROTECT, related_name='+', to=USER)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_why', models.CharField(blank=True, default='', max_length=300)),
            ],
            options={
                'indexes': [models.Index(condition=Q(ended_at=None), fields=['branch'], name='own_name_open')],
                'constraints': [
                    models.CheckConstraint(
                        condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                        name='own_name_ended_by_somebody',
                    ),
                    models.CheckConstraint(
                        condition=(Q(platform='other') & ~Q(elsewhere='')) | (~Q(platform='other') & Q(elsewhere='')),
                        name='own_name_elsewhere_is_named',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=suyuan.platform.chance.uid, unique=True)),
                ('message', models.ForeignKey(on_delete=PROTECT, related_name='postings', to='correspondence.message')),
                ('account', models.ForeignKey(on_delete=PROTECT, related_name='postings', to='correspondence.ownname')),
                ('place', models.CharField(blank=True, default='', max_length=200)),
                ('address', models.CharField(blank=True, default='', max_length=500)),
                ('sha256', models.CharField(max_length=64)),
                ('posted_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
                ('recorded_by', models.ForeignKey(on_delete=PROTECT, related_name='+', to=USER)),
                ('capture', models.ForeignKey(null=True, on_delete=PROTECT, related_name='+', to='evidence.item')),
                ('instead_of', models.OneToOneField(null=True, on_delete=PROTECT, related_name='successor', to='correspondence.posting')),
                ('state', models.CharField(default='live', max_length=10)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_recorded_at', models.DateTimeField(null=True)),
                ('ended_by', models.ForeignKey(null=True, on_delete=PROTECT, related_name='+', to=USER)),
                ('ended_whose', models.CharField(blank=True, default='', max_length=10)),
                ('ended_why', models.CharField(blank=True, default='', max_length=500)),
            ],
            options={
                'indexes': [models.Index(fields=['message', 'id'], name='posting_by_message')],
                'constraints': [
                    models.UniqueConstraint(
                        condition=Q(state='live'), fields=('message', 'account', 'address', 'place'), name='posting_once'
                    ),
                    models.CheckConstraint(
                        condition=Q(state='live', ended_at=None, ended_by=None, ended_whose='')
                        | (~Q(state='live') & Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(ended_whose='')),
                        name='posting_ended_says_by_whom',
                    ),
                ],
            },
        ),
    ]
