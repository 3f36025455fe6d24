"""How many messages a second the provider told that the number may send."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column of the engine's one row."""

    dependencies = [("broadcasts", "0016_zones_first")]
    operations = [
        migrations.AddField(
            model_name="sending", name="throughput", field=models.PositiveIntegerField(null=True)
        ),
    ]
