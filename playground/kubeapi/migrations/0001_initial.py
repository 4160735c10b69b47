import django.db.models.deletion
from django.db import migrations, models

import playground.kubeapi.models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('sandboxes', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiAccess',
            fields=[
                ('sandbox', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='api_access', serialize=False, to='sandboxes.sandbox')),
                ('nonce', models.CharField(default=playground.kubeapi.models.new_nonce, max_length=32)),
                ('renewed_at', models.DateTimeField(auto_now=True)),
            ],
        ),
    ]
