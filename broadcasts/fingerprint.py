"""What exactly was approved. The sender refuses whatever does not match."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from broadcasts.models import Broadcast


def fingerprint_of(broadcast: Broadcast) -> str:
    """SHA-256 over everything a recipient gets or that decides who gets it, and when."""
    approved: dict[str, Any] = {
        "kind": broadcast.kind,
        "title": broadcast.title,
        "category": broadcast.category_id,
        "severity": broadcast.severity,
        "zones": sorted(zone.pk for zone in broadcast.zones.all()) if broadcast.pk else [],
        "rendered": broadcast.rendered,
        "exercise": broadcast.exercise,
        "refers_to": broadcast.refers_to_id,
        "others_of": broadcast.others_of_id,
        "due_at": broadcast.due_at.timestamp() if broadcast.due_at else None,
        "valid_until": broadcast.valid_until.timestamp() if broadcast.valid_until else None,
        "cap_override": broadcast.cap_override_reason,
        "night_reason": broadcast.night_reason,
    }
    if broadcast.election_reason:  # what was approved before there was a reason keeps its fingerprint
        approved["election_reason"] = broadcast.election_reason
    if broadcast.opened_by_id:  # only then: what was approved before there was such a thing stays approved
        approved["opened"] = True
    text = json.dumps(approved, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
