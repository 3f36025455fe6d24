from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Concurrently: the table may hold millions of rows that are being written."""

    atomic = False
    dependencies = [
        ("broadcasts", "0014_tally_and_proofs"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["failed", "skipped", "expired", "undelivered", "unconfirmed", "held"])
                ),
                fields=["broadcast", "id"],
                name="delivery_not_reached",
            ),
        ),
    ]
