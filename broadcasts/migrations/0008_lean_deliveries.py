"""Two things less to do for every row of an audience: a second index on the subscriber, a constraint.

Both are dropped in an instant, under a lock that a busy table gives between two statements.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Drop what each row of a large audience pays for and nobody uses."""

    dependencies = [("broadcasts", "0007_election_reason"), ("subscribers", "0002_ledger_guard")]
    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="broadcast",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="broadcasts.broadcast",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="subscriber",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                to="subscribers.subscriber",
            ),
        ),
    ]
