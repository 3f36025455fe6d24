"""The second factor: a code from the person's phone, or one of ten recovery codes. Kept by django-otp.

Recovery codes are stored as keyed hashes of 80 bits: who reads the table cannot use them.
"""

from __future__ import annotations

import base64
import secrets
import time

import django_otp
import segno
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff.models import User, audit

FRESH_SECONDS = 300  # what cannot be undone asks again after this
CODES = 10
PROVED_AT = "second_factor_at"  # in the session: Unix seconds of the last proof
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def must_have_one(person: User) -> bool:
    """Whether this person may not work without it: who approves, and who administers people."""
    powers = ("broadcasts.approve_broadcast", "staff.change_user", "broadcasts.change_sending")
    return settings.SECOND_FACTOR_REQUIRED and any(map(person.has_perm, powers))


def device_of(person: User) -> TOTPDevice | None:
    """The phone that makes this person's codes; None while none is set up."""
    return TOTPDevice.objects.filter(user=person, confirmed=True).first()


def check(person: User, typed: str) -> bool:
    """Whether this is the code of now, or a recovery code that was not used yet (it is, after this).

    A code holds once. Wrong ones make the next wait longer, for this person's device alone.
    """
    code = "".join(typed.split()).replace("-", "").lower()
    if code.isdecimal():
        device, answer = device_of(person), code
    else:
        device, answer = StaticDevice.objects.filter(user=person, confirmed=True).first(), _hashed(code)
    if device is None or not code:
        return False
    return django_otp.verify_token(person, device.persistent_id, answer) is not None


def remember(session: SessionBase) -> None:
    """Note in the session that the person has just proved it."""
    session[PROVED_AT] = int(time.time())


def is_proved(session: SessionBase) -> bool:
    """Proved since the log-in."""
    return PROVED_AT in session


def is_fresh(session: SessionBase) -> bool:
    """Proved within the last five minutes: enough for what cannot be undone."""
    return time.time() - session.get(PROVED_AT, 0) < FRESH_SECONDS


def begin(person: User) -> TOTPDevice:
    """The device that is being set up; the same one until it is confirmed."""
    waiting = TOTPDevice.objects.filter(user=person, confirmed=False).first()
    return waiting or TOTPDevice.objects.create(user=person, name="app", confirmed=False)


@transaction.atomic
def confirm(person: User, typed: str) -> list[str]:
    """The first code proves that the app has the key: it is the one from now on. Returns the recovery
    codes, which are shown once and never again; an empty list if the code is wrong."""
    device = TOTPDevice.objects.select_for_update().filter(user=person, confirmed=False).first()
    if device is None or not device.verify_token("".join(typed.split())):
        return []
    TOTPDevice.objects.filter(user=person).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    audit(person, "second_factor_set", str(person))
    return _new_codes(person)


@transaction.atomic
def forget(person: User, *, by: User | None) -> None:
    """The phone is lost: the next log-in sets up a new one."""
    TOTPDevice.objects.filter(user=person).delete()
    StaticDevice.objects.filter(user=person).delete()
    audit(by, "second_factor_reset", str(person))


def picture(device: TOTPDevice) -> str:
    """The QR code to frame, as a data: address of an image."""
    return segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=2)


def key_words(device: TOTPDevice) -> str:
    """The same key in letters, four by four, for who cannot frame it."""
    letters = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def codes_left(person: User) -> int:
    """How many recovery codes were not used yet."""
    return StaticToken.objects.filter(device__user=person).count()


def _new_codes(person: User) -> list[str]:
    StaticDevice.objects.filter(user=person).delete()
    device = StaticDevice.objects.create(user=person, name="recovery")
    codes = ["".join(secrets.choice(_LETTERS) for _i in range(10)) for _n in range(CODES)]
    # A code of digits alone would be read as one of the app's.
    codes = [code if not code.isdecimal() else f"{code[:9]}x" for code in codes]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_hashed(code)) for code in codes)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _hashed(code: str) -> str:
    digest = salted_hmac("staff.recovery", code, secret=settings.IDENTITY_KEY, algorithm="sha256").digest()
    return base64.b32encode(digest[:10]).decode()
