"""The log is append-only in the database too, whoever holds the connection of the application."""

from __future__ import annotations

from django.db import migrations

FORWARD = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the table % is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON staff_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
BACKWARD = """
DROP TRIGGER audit_append_only ON staff_auditentry;
DROP FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    """Guard the audit log."""

    dependencies = [("staff", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
