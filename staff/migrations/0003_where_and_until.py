"""From where an operation was done; and the one way in which old lines of the log go.

`forget_audit(before, most)` opens the guard for its own transaction only, and whatever it is told, no line
younger than half a year goes.
"""

from __future__ import annotations

from django.db import migrations, models

FORWARD = """
CREATE FUNCTION guard_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('whatsempoli.forgetting', true) = 'on'
       AND OLD.at < now() - interval '180 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the table % is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER audit_append_only ON staff_auditentry;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON staff_auditentry
    FOR EACH ROW EXECUTE FUNCTION guard_audit();
CREATE FUNCTION forget_audit(before timestamptz, most int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE gone bigint;
BEGIN
    PERFORM set_config('whatsempoli.forgetting', 'on', true);
    DELETE FROM staff_auditentry WHERE id IN (
        SELECT id FROM staff_auditentry
        WHERE at < LEAST(before, now() - interval '180 days') ORDER BY at LIMIT most);
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('whatsempoli.forgetting', '', true);
    RETURN gone;
END $$;
"""
BACKWARD = """
DROP FUNCTION forget_audit(timestamptz, int);
DROP TRIGGER audit_append_only ON staff_auditentry;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON staff_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP FUNCTION guard_audit();
"""


class Migration(migrations.Migration):
    """Add the place, and the end."""

    dependencies = [("staff", "0002_append_only")]
    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="place",
            field=models.CharField(blank=True, default="", max_length=45, verbose_name="da dove"),
            preserve_default=False,
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
