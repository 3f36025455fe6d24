"""The consent ledger is append-only; erasure and retention go through one function.

`forget_consent(subjects, before)` deletes a subject's rows older than `before`; it opens the guard
for its own transaction only, and is the one way in.
"""

from __future__ import annotations

from django.db import migrations

FORWARD = """
CREATE FUNCTION guard_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('whatsempoli.forgetting', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the consent ledger is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER consent_append_only BEFORE UPDATE OR DELETE ON subscribers_consentevent
    FOR EACH STATEMENT EXECUTE FUNCTION guard_consent();
CREATE FUNCTION forget_consent(subjects uuid[], before timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE gone bigint;
BEGIN
    PERFORM set_config('whatsempoli.forgetting', 'on', true);
    DELETE FROM subscribers_consentevent WHERE subject = ANY(subjects) AND at < before;
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('whatsempoli.forgetting', '', true);
    RETURN gone;
END $$;
"""
BACKWARD = """
DROP FUNCTION forget_consent(uuid[], timestamptz);
DROP TRIGGER consent_append_only ON subscribers_consentevent;
DROP FUNCTION guard_consent();
"""


class Migration(migrations.Migration):
    """Guard the consent ledger."""

    dependencies = [("subscribers", "0001_initial"), ("staff", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
