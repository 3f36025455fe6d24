"""A client that knows nothing of us, pywa, works against the simulator unchanged: both ways, every kind.

Its documented `session` argument takes an HTTP client, and that client's transport leads to the simulator.
"""

from __future__ import annotations

import asyncio

import httpx
import pytest
from pywa import WhatsApp, errors, types
from pywa.types import templates as t

from tests.simulator.harness import ACCOUNT_ID, ANNA, PHONE_ID, SECRET, TOKEN, Sim, running

JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 64
PDF = b"%PDF-1.4\n%%EOF\n"


class ToSimulator(httpx.HTTPTransport):
    """What is meant for the provider goes to the simulator."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = httpx.URL(url)

    def handle_request(self, request):
        if request.url.host == "graph.facebook.com":
            request.url = request.url.copy_with(scheme="http", host=self._url.host, port=self._url.port)
            request.headers["Host"] = f"{self._url.host}:{self._url.port}"
        return super().handle_request(request)


def client(sim: Sim) -> WhatsApp:
    session = httpx.Client(transport=ToSimulator(sim.url), trust_env=False, timeout=10)
    return WhatsApp(PHONE_ID, TOKEN, session=session, waba_id=ACCOUNT_ID, server=None, app_secret=SECRET,
                    verify_token="x", api_version=26.0, continue_handling=False)  # fmt: skip


def play(scene, **changes):
    async def run():
        async with running(batch=1, **changes) as sim:
            await scene(sim, await asyncio.to_thread(client, sim))

    asyncio.run(run())


def listen(wa: WhatsApp) -> list:
    """Everything that pywa makes of the webhooks."""
    heard: list = []

    def keep(_wa, update):
        heard.append(update)

    for name in ("message", "callback_button", "callback_selection", "message_status", "account_update",
                 "template_status_update", "template_category_update", "template_quality_update",
                 "phone_number_change", "user_marketing_preferences", "edited_message",
                 "deleted_message"):  # fmt: skip
        getattr(wa, f"on_{name}")(keep)
    return heard


async def parse(sim: Sim, wa: WhatsApp) -> None:
    """Give pywa what the simulator posted, checked by pywa's own look at the signature."""
    await sim.idle()
    for headers, body in sim.receiver.requests:
        assert wa.webhook_update_validator(body, headers["X-Hub-Signature-256"]) is None
        answer, status = await asyncio.to_thread(wa.webhook_update_handler, body)
        assert (answer, status) == ("ok", 200), answer
    sim.receiver.requests.clear()


KINDS = {
    "text": lambda wa: wa.send_message(ANNA, "Ciao", tracker="x"),
    "formatted": lambda wa: wa.send_message(
        ANNA, "*Ciao* https://example.org", preview_url=True, footer=None
    ),
    "buttons": lambda wa: wa.send_message(
        ANNA,
        "Scegli",
        header="Titolo",
        footer="Piede",
        buttons=[types.Button("Sì", "yes"), types.Button("No", "no")],
    ),
    "list": lambda wa: wa.send_message(
        ANNA,
        "Quale?",
        buttons=types.SectionList(
            "Apri", [types.Section("Temi", [types.SectionRow("Acqua", "acqua", "Guasti")])]
        ),
    ),
    "link": lambda wa: wa.send_message(
        ANNA, "Leggi", buttons=types.URLButton("Apri", "https://example.org/a")
    ),
    "image": lambda wa: wa.send_image(ANNA, JPEG, caption="Foto", mime_type="image/jpeg"),
    "document": lambda wa: wa.send_document(ANNA, PDF, filename="avviso.pdf", mime_type="application/pdf"),
    "image by link": lambda wa: wa.send_image(ANNA, "https://example.org/a.jpg"),
    "location": lambda wa: wa.send_location(ANNA, 43.7189, 10.9462, "COC", "Via Del Papa 41"),
    "contact": lambda wa: wa.send_contact(
        ANNA, types.Contact(name=types.Contact.Name(formatted_name="COC", first_name="COC"))
    ),
    "ask number": lambda wa: wa.request_contact_info(ANNA, "Il tuo numero?"),
    "ask place": lambda wa: wa.request_location(ANNA, "Dove sei?"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_sends_each_kind_of_message(kind):
    async def scene(sim, wa):
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        sent = await asyncio.to_thread(KINDS[kind], wa)
        await sim.idle()
        (entry,) = await sim.ledger()
        assert sent.id == entry["message_id"] and entry["outcome"] == "read", entry

    play(scene)


def test_it_sends_a_template_with_named_parameters():
    async def scene(sim, wa):
        await sim.template()
        parameters = [
            t.BodyText.params(livello="ARANCIONE", fenomeno="pioggia"),
            t.URLButton.params(url_variable="12", index=1),
        ]
        sent = await asyncio.to_thread(
            wa.send_template, ANNA, "allerta", t.TemplateLanguage.ITALIAN, parameters, tracker="bc:1"
        )
        assert sent.status.value == "accepted"
        await sim.idle()
        (entry,) = await sim.ledger()
        assert "ARANCIONE" in entry["text"] and entry["opaque"] == "bc:1"

    play(scene)


def test_it_sends_by_user_id_reacts_replies_and_marks_as_read():
    async def scene(sim, wa):
        person = await sim.control("phones", {"phone": ANNA})
        first = (await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"}))["message_id"]
        answer = await asyncio.to_thread(
            wa.send_message, person["user_id"], "Ecco", reply_to_message_id=first
        )
        await asyncio.to_thread(wa.send_reaction, ANNA, "👍", first)
        assert (await asyncio.to_thread(wa.mark_message_as_read, first)).success
        assert (await asyncio.to_thread(wa.indicate_typing, first)).success
        await sim.idle()
        chat = await sim.control(f"phones/{ANNA}/chat")
        said, got = chat["messages"]
        assert said["reaction"] == "👍" and said["state"] == "read"
        assert got["id"] == answer.id and got["reply_to"] == first
        assert chat["typing"]

    play(scene)


def test_its_errors_have_their_classes():
    async def scene(sim, wa):
        with pytest.raises(errors.WhatsAppError) as refused:
            await asyncio.to_thread(wa.send_message, ANNA, "x" * 4097)
        assert refused.value.code == 100 and "4096" in str(refused.value.details)
        with pytest.raises(errors.TemplateNotExists):
            await asyncio.to_thread(wa.send_template, ANNA, "niente", t.TemplateLanguage.ITALIAN, [])
        for scenario, kind in (
            ("blocked", errors.TemporarilyBlocked),
            ("spam", errors.SpamRateLimitHit),
            ("locked", errors.AccountLocked),
            ("token", errors.ExpiredAccessToken),
        ):
            await sim.control("settings", {"scenario": scenario})
            with pytest.raises(kind):
                await asyncio.to_thread(wa.send_message, ANNA, "Ciao")

    play(scene)


def test_it_reads_each_kind_of_message_from_a_person():
    async def scene(sim, wa):
        heard = listen(wa)
        first = (await sim.control(f"phones/{ANNA}/say", {"text": "ATTIVA è così"}))["message_id"]
        for kind in ("image", "audio", "document", "location", "contacts", "poll_creation"):
            await sim.control(f"phones/{ANNA}/send", {"type": kind})
        await sim.control(f"phones/{ANNA}/send", {"type": "reaction", "message_id": first, "emoji": "👍"})
        for kind, more in (("edit", {"text": "ATTIVA"}), ("revoke", {})):
            await sim.control(f"phones/{ANNA}/send", {"type": kind, "original_message_id": first, **more})
        await parse(sim, wa)
        kinds = [str(getattr(update.type, "value", update.type)) for update in heard]
        assert kinds == ["text", "image", "audio", "document", "location", "contacts", "unsupported",
                         "reaction", "text", "revoke"]  # fmt: skip
        assert heard[0].text == "ATTIVA è così" and heard[0].from_user.wa_id == ANNA
        assert heard[0].from_user.bsuid.startswith("IT.")
        assert heard[1].image.mime_type == "image/jpeg"
        assert heard[8].original_message_id == heard[9].original_message_id == first
        content = await asyncio.to_thread(heard[1].image.get_bytes)
        assert content.startswith(b"\xff\xd8\xff")

    play(scene)


def test_it_reads_taps_and_statuses():
    async def scene(sim, wa):
        heard = listen(wa)
        await sim.control(f"phones/{ANNA}/say", {"text": "Ciao"})
        for kind, choice in (("buttons", "yes"), ("list", "acqua")):
            sent = await asyncio.to_thread(KINDS[kind], wa)
            await sim.idle()
            await sim.control(f"phones/{ANNA}/tap", {"message_id": sent.id, "button_id": choice})
        await sim.template()
        parameters = [
            t.BodyText.params(livello="ROSSO", fenomeno="vento"),
            t.URLButton.params(url_variable="1", index=1),
        ]
        sent = await asyncio.to_thread(
            wa.send_template, ANNA, "allerta", t.TemplateLanguage.ITALIAN, parameters
        )
        await sim.idle()
        await sim.control(f"phones/{ANNA}/tap", {"message_id": sent.id, "button_id": "Perché ricevo questo?"})
        await asyncio.to_thread(wa.send_message, "393330000099", "Fuori finestra", tracker="t:9")
        await parse(sim, wa)
        taps = [u for u in heard if isinstance(u, types.CallbackButton | types.CallbackSelection)]
        assert [tap.data for tap in taps] == ["yes", "acqua", "Perché ricevo questo?"]
        statuses = [u for u in heard if isinstance(u, types.MessageStatus)]
        assert [s.status.value for s in statuses if s.id == sent.id] == ["sent", "delivered", "read"]
        (failed,) = [s for s in statuses if s.status.value == "failed"]
        assert isinstance(failed.error, errors.ReEngagementMessage) and failed.tracker == "t:9"

    # The provider's own page leaves `contacts` out of `failed`; pywa 4.5 wants it there.
    play(scene, failed_contacts=True)


def test_it_reads_what_the_provider_says_of_templates_people_and_account():
    async def scene(sim, wa):
        heard = listen(wa)
        await sim.template()
        for change in ({"quality": "YELLOW"}, {"correct_category": "MARKETING"}, {"category": "MARKETING"}):
            await sim.control("templates/allerta", change)
        await sim.control("templates/allerta", {"status": "REJECTED", "reason": "PROMOTIONAL"})
        await sim.control("templates/allerta", {"quality": "RED"})
        await sim.control(f"phones/{ANNA}", {"marketing": "stop"})
        await sim.control(f"phones/{ANNA}", {"new_number": "393339998877"})
        for scenario in ("blocked", "locked", "misuse"):
            await sim.control("settings", {"scenario": scenario})
        await parse(sim, wa)
        names = [type(update).__name__ for update in heard]
        for name in ("TemplateStatusUpdate", "TemplateQualityUpdate", "TemplateCategoryUpdate",
                     "UserMarketingPreferences", "PhoneNumberChange", "AccountUpdate"):  # fmt: skip
            assert name in names, (name, names)
        (moved,) = [u for u in heard if type(u).__name__ == "PhoneNumberChange"]
        assert moved.new_wa_id == "393339998877"

    play(scene)


def test_it_manages_templates_profile_media_and_codes():
    async def scene(sim, wa):
        def work():
            made = wa.create_template(
                t.Template(
                    name="acqua",
                    language=t.TemplateLanguage.ITALIAN,
                    category=t.TemplateCategory.UTILITY,
                    parameter_format=t.ParamFormat.NAMED,
                    components=[t.BodyText("Guasto in {{via}}: manca l'acqua da ora.", via="Via Roma")],
                )
            )
            assert wa.get_template(made.id).name == "acqua"
            assert [item.name for item in wa.get_templates()] == ["acqua"]
            assert wa.delete_template("acqua").success
            assert wa.get_business_profile() is not None
            assert wa.update_business_profile(about="Servizio del Comune").success
            assert wa.get_business_phone_number().display_phone_number
            media = wa.upload_media(PDF, mime_type="application/pdf", filename="a.pdf")
            url = wa.get_media_url(media.id)
            assert wa.get_media_bytes(url.url) == PDF
            assert wa.delete_media(media.id)
            assert wa.create_qr_code("ATTIVA ISCRIZIONE").code

        await asyncio.to_thread(work)

    play(scene)
