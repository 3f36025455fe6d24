"""Who is writing: a phone, a business-scoped user id, or both, in whatever order we learn of them.

The user id wins over the phone, since phones change hands. Two rows that prove to be one person become
one, by joining their ledgers: no stop is lost on the way.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeAlias

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef, Q

from subscribers.acts import Recorded, state_from
from subscribers.models import ConsentEvent, SubjectIdentity, Subscriber, Subscription

_PHONE_LENGTH, _USER_ID_LENGTH = 20, 160  # the columns'; longer ones are nobody's


Pair: TypeAlias = tuple[str | None, str | None]  # phone, user id


def hash_of(value: str) -> str:
    """A keyed hash, 64 hex digits: without the key nobody can try all the phone numbers."""
    return hmac.new(settings.IDENTITY_KEY.encode(), value.encode(), hashlib.sha256).hexdigest()


def message_hash(message_id: str) -> str:
    """A keyed hash of a provider's message id, which contains the phone: 32 hex digits, "" for ""."""
    return hash_of(message_id)[:32] if message_id else ""


@transaction.atomic(savepoint=False)
def find(phone: str | None, user_id: str | None, *, create: bool) -> Subscriber | None:
    """The person, locked until the caller's transaction ends, with whatever half of the identity is new.

    A new person is made `stopped`, without any act of consent. None if unknown and not to be made, or if
    neither half can be an identity.
    """
    phone, user_id = _fitting(phone, user_id)
    if not (phone or user_id):
        return None
    found = _locked(phone, user_id)
    if not found and create:
        found = _create(phone, user_id)
    return _settled(found, phone, user_id) if found else None


def known(phone: str) -> Subscriber | None:
    """Whose number it is, as it stands: nothing is written, and who left is not given their number back."""
    found = _locked(phone, None)
    return found[0] if found else None


def find_all(pairs: Iterable[Pair]) -> dict[Pair, Subscriber]:
    """The people of a batch in a few statements, locked until the caller's transaction ends.

    Everybody locks in one order, so that two workers do not wait for each other. Only the plain cases:
    who is not in the result needs `find` (a half that is new, two rows that are one person, a number
    that was reduced to a hash).
    """
    wanted = {pair for pair in pairs if any(pair) and pair == _fitting(*pair)}
    found, rest = _matched(wanted)
    hashes = {hash_of(value): pair for pair in rest for value in pair if value}
    known = SubjectIdentity.objects.filter(identity_hash__in=hashes).values_list("identity_hash", flat=True)
    rest -= {hashes[each] for each in known}
    halves = Counter(value for pair in rest for value in pair if value)
    new = {pair for pair in rest if all(halves[value] == 1 for value in pair if value)}
    if new:
        rows = (Subscriber(phone=phone, user_id=user_id) for phone, user_id in sorted(new, key=str))
        Subscriber.objects.bulk_create(rows, ignore_conflicts=True)
        found |= _matched(new)[0]
    return found


def _matched(pairs: set[Pair]) -> tuple[dict[Pair, Subscriber], set[Pair]]:
    """Those that are exactly one row, which is locked; and those of whom no half is known."""
    phones = [phone for phone, _user_id in pairs if phone]
    user_ids = [user_id for _phone, user_id in pairs if user_id]
    query = Subscriber.objects.filter(Q(phone__in=phones) | Q(user_id__in=user_ids))
    rows = list(query.order_by("pk").select_for_update())
    by_phone = {row.phone: row for row in rows if row.phone}
    by_user_id = {row.user_id: row for row in rows if row.user_id}
    found: dict[Pair, Subscriber] = {}
    unknown: set[Pair] = set()
    for phone, user_id in pairs:
        hits = {row for row in (by_phone.get(phone or ""), by_user_id.get(user_id or "")) if row is not None}
        if not hits:
            unknown.add((phone, user_id))
        elif len(hits) == 1:
            row = hits.pop()
            if phone in (None, row.phone) and user_id in (None, row.user_id):
                found[phone, user_id] = row
    return found, unknown


@transaction.atomic(savepoint=False)
def change(
    old_phone: str | None, new_phone: str | None, old_user_id: str | None, new_user_id: str | None
) -> Subscriber | None:
    """A person has a new phone or user id. None if we never knew the old one."""
    new_phone, new_user_id = _fitting(new_phone, new_user_id)
    person = find(old_phone, old_user_id, create=False)
    if person is None or not (new_phone or new_user_id):
        return person
    others = [other for other in _locked(new_phone, new_user_id) if other.pk != person.pk]
    # The old number may be given to somebody else, who must not be taken for this person.
    gone = [(person.phone, new_phone), (person.user_id, new_user_id)]
    hashes = [hash_of(old) for old, new in gone if old and new and old != new]
    SubjectIdentity.objects.filter(identity_hash__in=hashes).delete()
    for other in others:
        _merge(person, other)
    _complete(person, new_phone, new_user_id)
    bind([person])
    return person


def bind(people: Iterable[Subscriber]) -> None:
    """Write the keyed hashes that lead from each identity to its subject in the ledger; set-based."""
    SubjectIdentity.objects.bulk_create(
        (
            SubjectIdentity(identity_hash=hash_of(value), subject=person.subject)
            for person in people
            for value in (person.phone, person.user_id)
            if value
        ),
        update_conflicts=True,
        unique_fields=["identity_hash"],
        update_fields=["subject"],
    )


def recorded(subject: uuid.UUID, *, except_message: str = "") -> list[Recorded]:
    """A subject's acts; those of one message id may be left out, to see how things stood before it."""
    rows = ConsentEvent.objects.filter(subject=subject)
    if except_message:
        rows = rows.exclude(message_hash=message_hash(except_message))
    return [Recorded(*row) for row in rows.values_list("act", "at", "category__slug")]


def _fitting(phone: str | None, user_id: str | None) -> Pair:
    return _fit(phone, _PHONE_LENGTH), _fit(user_id, _USER_ID_LENGTH)


def _fit(value: str | None, longest: int) -> str | None:
    fits = value and len(value) <= longest and "\x00" not in value
    return value if fits else None


def _locked(phone: str | None, user_id: str | None) -> list[Subscriber]:
    """The rows that either half leads to, in one order for everybody, so that nobody waits in a ring.

    A person whose number was reduced to a hash after a stop is recognised by the hash.
    """
    known = Q()
    if phone:
        known |= Q(phone=phone)
    if user_id:
        known |= Q(user_id=user_id)
    rows = Subscriber.objects.select_for_update().order_by("pk")
    found = list(rows.filter(known))
    if found:
        return found
    hashes = [hash_of(value) for value in (phone, user_id) if value]
    subjects = SubjectIdentity.objects.filter(identity_hash__in=hashes).values("subject")
    return list(rows.filter(subject__in=subjects, phone=None, user_id=None))


def _create(phone: str | None, user_id: str | None) -> list[Subscriber]:
    try:
        with transaction.atomic():
            return [Subscriber.objects.create(phone=phone, user_id=user_id)]
    except IntegrityError:  # somebody else was faster: theirs is committed by now
        return _locked(phone, user_id)


def _settled(found: list[Subscriber], phone: str | None, user_id: str | None) -> Subscriber:
    """One person out of the one or more rows that were found."""
    keep = next((row for row in found if user_id and row.user_id == user_id), found[0])
    for other in found:
        if other.pk == keep.pk:
            continue
        if other.user_id and user_id and other.user_id != user_id:
            other.phone = None  # somebody else, whose old number this was
            other.save(update_fields=["phone"])
        else:
            _merge(keep, other)
    _complete(keep, phone, user_id)
    return keep


def _complete(person: Subscriber, phone: str | None, user_id: str | None) -> None:
    changed = []
    if phone and person.phone != phone:
        person.phone = phone
        changed.append("phone")
    if user_id and person.user_id != user_id:
        person.user_id = user_id
        changed.append("user_id")
    if changed and person.state == Subscriber.State.ERASED:  # they write again: known, and out
        person.state = Subscriber.State.STOPPED
        changed.append("state")
    if "phone" in changed and person.state == Subscriber.State.UNREACHABLE:  # the old number was, not this
        person.state, person.unreachable_since = Subscriber.State.ACTIVE, None
        changed += ["state", "unreachable_since"]
    if changed:
        person.save(update_fields=changed)


def _merge(keep: Subscriber, gone: Subscriber) -> None:
    """Make two rows one person: their acts together say how they stand. Both rows are locked.

    The row that goes stays as an empty shell, so that what was already sent to it remains accounted for.
    """
    phone, user_id = gone.phone, gone.user_id
    was_invited = not (keep.consent_at or gone.consent_at) and Subscriber.State.INVITED in (
        keep.state,
        gone.state,
    )
    gone.phone = gone.user_id = None
    gone.state = Subscriber.State.ERASED
    gone.save(update_fields=["phone", "user_id", "state"])
    SubjectIdentity.objects.filter(subject=gone.subject).update(subject=keep.subject)
    _copy_acts(gone.subject, keep.subject)
    for relation in Subscriber._meta.related_objects:
        _move(relation.related_model, relation.field.name, keep, gone)
    Subscription.objects.filter(subscriber=gone).delete()
    gone.zones.clear()

    derived = state_from(recorded(keep.subject))
    Subscription.objects.filter(subscriber=keep).exclude(category__slug__in=derived.topics).delete()
    keep.phone, keep.user_id = keep.phone or phone, keep.user_id or user_id
    keep.state = Subscriber.State.ACTIVE if derived.active else Subscriber.State.STOPPED
    if was_invited:
        keep.state = Subscriber.State.INVITED
    keep.consent_at = max(filter(None, (keep.consent_at, gone.consent_at)), default=None)
    keep.last_inbound_at = max(filter(None, (keep.last_inbound_at, gone.last_inbound_at)), default=None)
    keep.marketing_stopped = keep.marketing_stopped or gone.marketing_stopped
    keep.save()


def _copy_acts(source: uuid.UUID, target: uuid.UUID) -> None:
    """The ledger is append-only: acts are copied to the other subject, never moved."""
    copies = list(ConsentEvent.objects.filter(subject=source))
    for copy in copies:
        copy.pk, copy.subject = None, target
    ConsentEvent.objects.bulk_create(copies)


def _move(model: Any, field: str, keep: Subscriber, gone: Subscriber) -> None:
    """Point a table's rows at `keep`, but for those it has its own of. No table is named, since those of
    the packages above this one follow as well."""
    rows = model._default_manager.filter(**{field: gone})
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and field in constraint.fields:
            same = {name: OuterRef(name) for name in constraint.fields if name != field}
            rows = rows.exclude(Exists(model._default_manager.filter(**{field: keep}, **same)))
    rows.update(**{field: keep})
