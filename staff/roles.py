"""Roles as groups with the least they need; `sync_roles` writes them, a test holds them.

Nobody approves what they wrote: that rule is in broadcasts/lifecycle, for administrators too.
"""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext_noop as _

EDITOR = _("Redazione")
APPROVER = _("Approvazione")
ADMINISTRATOR = _("Amministrazione")
PRIVACY = _("Protezione dei dati")

_READ = (
    "broadcasts.view_broadcast",
    "broadcasts.view_delivery",
    "broadcasts.view_transition",
    "broadcasts.view_proof",
    "broadcasts.view_sending",
    "broadcasts.view_rota",
    "broadcasts.view_series",
    "broadcasts.view_match",
    "policy.view_category",
    "subscribers.view_zone",
)
_REDACT = ("broadcasts.redact_broadcast", "broadcasts.view_redaction", "broadcasts.add_redaction")
_ANSWERS = (
    "subscribers.view_conversation",
    "subscribers.answer_conversation",
    "subscribers.view_quickanswer",
    "subscribers.add_quickanswer",
    "subscribers.change_quickanswer",
    "subscribers.delete_quickanswer",
)
PERMISSIONS: dict[str, tuple[str, ...]] = {
    EDITOR: (
        *_READ,
        *_ANSWERS,
        *_REDACT,
        "broadcasts.add_broadcast",
        "broadcasts.change_broadcast",
        "broadcasts.pause_broadcast",
        "broadcasts.add_letter",
        "broadcasts.view_letter",
        "broadcasts.add_rota",
        "broadcasts.add_series",
        "broadcasts.change_series",
        "broadcasts.add_match",
        "broadcasts.change_match",
        "broadcasts.delete_match",
    ),
    APPROVER: (
        *_READ,
        *(f"broadcasts.{verb}_listaddress" for verb in ("add", "change", "delete", "view")),
        "broadcasts.view_reconsent",
        "broadcasts.approve_reconsent",
        *_REDACT,
        "broadcasts.approve_broadcast",
        "broadcasts.pause_broadcast",
        "broadcasts.change_sending",
        "policy.publish_policyversion",
        "policy.view_policyversion",
        "staff.view_deputyship",
        "staff.view_dutyshift",
    ),
    ADMINISTRATOR: (
        *_READ,
        *_ANSWERS,
        "broadcasts.view_reconsent",
        "broadcasts.add_reconsent",
        *_REDACT,
        "broadcasts.pause_broadcast",
        "broadcasts.change_sending",
        "broadcasts.view_messagetemplate",
        "broadcasts.change_messagetemplate",
        "broadcasts.view_webhookevent",
        "broadcasts.replay_webhookevent",
        "policy.change_townprofile",
        "policy.view_townprofile",
        "policy.change_category",
        "policy.add_holiday",
        "policy.change_holiday",
        "policy.delete_holiday",
        "policy.view_holiday",
        "policy.add_electionperiod",
        "policy.change_electionperiod",
        "policy.delete_electionperiod",
        "policy.view_electionperiod",
        "policy.add_policyversion",
        "policy.change_policyversion",
        "policy.publish_policyversion",
        "policy.view_policyversion",
        "broadcasts.view_purge",
        "subscribers.view_subscriber",
        "subscribers.reveal_number",
        "subscribers.view_consentevent",
        "subscribers.view_erasure",
        "subscribers.add_zone",
        "subscribers.change_zone",
        "staff.add_user",
        "staff.change_user",
        "staff.view_user",
        "staff.view_auditentry",
        "staff.view_staffmessage",
        *(
            f"staff.{verb}_{turn}"
            for turn in ("deputyship", "dutyshift")
            for verb in ("add", "change", "delete", "view")
        ),
        "staff.add_trialphone",
        "staff.change_trialphone",
        "staff.delete_trialphone",
        "staff.view_trialphone",
        "auth.view_group",
    ),
    # Sees what becomes of the data and who looked; writes, approves and sends nothing.
    PRIVACY: (
        *_READ,
        "broadcasts.view_reconsent",
        "broadcasts.view_purge",
        "broadcasts.view_webhookevent",
        "policy.view_townprofile",
        "policy.view_policyversion",
        "subscribers.view_subscriber",
        "subscribers.view_consentevent",
        "subscribers.view_erasure",
        "staff.view_auditentry",
    ),
}


def sync_roles() -> None:
    """Make the groups hold exactly the permissions of the table above. Safe to repeat."""
    known = {
        f"{app}.{codename}": id
        for id, app, codename in Permission.objects.values_list("id", "content_type__app_label", "codename")
    }
    for name, wanted in PERMISSIONS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set([known[permission] for permission in wanted])
