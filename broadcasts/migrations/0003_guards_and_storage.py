"""Transitions are append-only; the busy tables keep room for updates in place (ENGINE.md B2, B4)."""

from __future__ import annotations

from django.db import migrations

FORWARD = """
CREATE TRIGGER transition_append_only BEFORE UPDATE OR DELETE ON broadcasts_transition
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE broadcasts_delivery SET (
    fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE broadcasts_webhookevent SET (autovacuum_vacuum_scale_factor = 0.02);
"""
BACKWARD = """
DROP TRIGGER transition_append_only ON broadcasts_transition;
ALTER TABLE broadcasts_delivery RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE broadcasts_webhookevent RESET (autovacuum_vacuum_scale_factor);
"""


class Migration(migrations.Migration):
    """Guard the transitions, tune the tables that the engine writes."""

    dependencies = [("broadcasts", "0002_initial"), ("staff", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
