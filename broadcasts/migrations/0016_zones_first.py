"""Whose people an emergency goes to first, where the provider's day has no room for all."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """A new table: nothing that exists is touched."""

    dependencies = [("broadcasts", "0015_not_reached"), ("subscribers", "0004_reveal")]
    operations = [
        migrations.AddField(
            model_name="broadcast",
            name="zones_first",
            field=models.ManyToManyField(
                blank=True, related_name="+", to="subscribers.zone", verbose_name="prima le zone"
            ),
        ),
    ]
