"""The words of every answer, in both languages, by wording id.

A wording whose meaning changes gets a new number, since the ledger names the one that a citizen read.
What stands before and after each (in or out, the policy, how to leave) is in broadcasts/answers.
"""

from __future__ import annotations

# The first line of every answer: in or out, True or False.
STANDING = {
    True: {"it": "La tua iscrizione a {service} è attiva.", "en": "You are subscribed to {service}."},
    False: {
        "it": "La tua iscrizione a {service} non è attiva.",
        "en": "You are not subscribed to {service}.",
    },
}
LEAVING = {
    "it": "Per uscire scrivi STOP oppure DISATTIVA ISCRIZIONE.",
    "en": "To leave, write STOP.",
}
POLICY = {"it": "Regole e privacy: {policy}", "en": "Rules and privacy: {policy}"}

WORDINGS: dict[str, dict[str, str]] = {
    "joined-2": {
        "it": "Da ora ricevi qui gli avvisi del {town} su: {topics}.\n\nQuanti: {promise}. Emergenze e "
        "avvisi urgenti non contano; le emergenze arrivano a qualunque ora.\n\nQui nessuno legge quello che "
        "scrivi: in caso di pericolo chiama il {emergency}. Il servizio è per chi ha almeno {age} anni.\n\n"
        "Per scegliere argomenti, zone e lingua scrivi SCEGLI.",
        "en": "From now on you receive the notices of {town} about: {topics}.\n\nHow many: {promise}. "
        "Emergencies and urgent notices do not count; emergencies come at any hour.\n\nNobody reads what "
        "you write here: in danger call {emergency}. The service is for people aged {age} or more.\n\n"
        "To choose topics, zones and language, write CHOOSE.",
    },
    "joined-alerts-2": {
        "it": "Da ora ricevi qui gli avvisi del {town} su: {topics}.\n\n*In vigore adesso:*\n\n{alerts}\n\n"
        "Quanti: {promise}. Emergenze e avvisi urgenti non contano; le emergenze arrivano a qualunque ora."
        "\n\nQui nessuno legge quello che scrivi: in caso di pericolo chiama il {emergency}. Il servizio è "
        "per "
        "chi ha almeno {age} anni.\n\nPer scegliere argomenti, zone e lingua tocca qui sotto o scrivi "
        "SCEGLI.",
        "en": "From now on you receive the notices of {town} about: {topics}.\n\n*In force now:*\n\n{alerts}"
        "\n\nHow many: {promise}. Emergencies and urgent notices do not count; emergencies come at any hour."
        "\n\nNobody reads what you write here: in danger call {emergency}. The service is for people aged "
        "{age} or more.\n\nTo choose topics, zones and language, tap below or write CHOOSE.",
    },
    "joined-already-1": {
        "it": "Non è cambiato niente. I tuoi argomenti: {topics}.\n\nPer cambiarli scrivi SCEGLI.",
        "en": "Nothing has changed. Your topics: {topics}.\n\nTo change them, write CHOOSE.",
    },
    "stopped-1": {
        "it": "L'abbiamo disattivata adesso: non ricevi più nessun avviso, nemmeno quelli di emergenza."
        "\n\nPuoi tornare quando vuoi: scrivi ATTIVA ISCRIZIONE.",
        "en": "We have just ended your subscription: you receive no more notices, not even emergencies."
        "\n\nYou can come back whenever you like: write SUBSCRIBE.",
    },
    "stopped-already-1": {
        "it": "Non ricevi nessun avviso da questo numero.\n\nPer iscriverti scrivi ATTIVA ISCRIZIONE.",
        "en": "You receive no notices from this number.\n\nTo subscribe, write SUBSCRIBE.",
    },
    "topic-on-1": {
        "it": "Ricevi gli avvisi su: {topic}.\n\nI tuoi argomenti ora: {topics}.",
        "en": "You receive the notices about: {topic}.\n\nYour topics now: {topics}.",
    },
    "topic-on-rejoined-1": {
        "it": "Non lo era: con questa richiesta torna attiva, per {topic} e per gli argomenti essenziali. "
        "Ricevi da ora: {topics}.\n\nGli argomenti essenziali portano le emergenze; si possono togliere con "
        "SCEGLI.",
        "en": "You were not: this request brings you back, for {topic} and for the essential topics. You "
        "receive from now on: {topics}.\n\nEssential topics carry emergencies; you can remove them with "
        "CHOOSE.",
    },
    "topic-on-rejoined-alerts-1": {
        "it": "Non lo era: con questa richiesta torna attiva, per {topic} e per gli argomenti essenziali, "
        "che "
        "portano le emergenze. Ricevi da ora: {topics}.\n\n*In vigore adesso:*\n\n{alerts}",
        "en": "You were not: this request brings you back, for {topic} and for the essential topics, which "
        "carry "
        "emergencies. You receive from now on: {topics}.\n\n*In force now:*\n\n{alerts}",
    },
    "topic-off-1": {
        "it": "Non ricevi più gli avvisi su: {topic}.\n\nI tuoi argomenti ora: {topics}.",
        "en": "You no longer receive the notices about: {topic}.\n\nYour topics now: {topics}.",
    },
    "topic-off-core-1": {
        "it": "Non ricevi più gli avvisi su: {topic}. Su questo numero non arrivano più nemmeno le emergenze "
        "di questo argomento.\n\nI tuoi argomenti ora: {topics}.",
        "en": "You no longer receive the notices about: {topic}. Emergencies about it no longer reach you "
        "here either.\n\nYour topics now: {topics}.",
    },
    "topic-off-out-1": {
        "it": "Non ricevi avvisi su {topic}, né su altro.",
        "en": "You receive no notices about {topic}, nor about anything else.",
    },
    "marketing-stopped-1": {
        "it": "Non ricevi più messaggi promozionali: {promotional}.\n\nGli altri avvisi continuano: {topics}."
        "\n\nSe non ne vuoi nessuno, tocca qui sotto.",
        "en": "You no longer receive promotional messages: {promotional}.\n\nThe other notices go on: "
        "{topics}.\n\nIf you want none, tap below.",
    },
    "marketing-stopped-out-1": {
        "it": "Non ricevi messaggi promozionali, né altri avvisi.",
        "en": "You receive no promotional messages, nor any other notice.",
    },
    "ask-1": {"it": "{topic}, in vigore adesso:\n\n{notices}", "en": "{topic}, in force now:\n\n{notices}"},
    "ask-none-1": {
        "it": "{topic}: adesso non c'è nessun avviso in vigore.\n\nTutti gli avvisi: {all}",
        "en": "{topic}: there is no notice in force now.\n\nAll notices: {all}",
    },
    "ask-pharmacy-1": {
        "it": "Farmacie di turno oggi, {day}: {pharmacies}.\n\nDi notte: {night}.\n\nTutti i turni: {link}",
        "en": "Pharmacies on duty today, {day}: {pharmacies}.\n\nAt night: {night}.\n\nAll shifts: {link}",
    },
    "info-2": {
        "it": "{service} manda su WhatsApp gli avvisi del {town}. È gratuito.\n\nPuoi scrivere:\n{things}"
        "\n\nIl resto è sotto «Tutto il resto». Quello che non è un comando non lo legge nessuno. L'ufficio: "
        "{contacts}. In caso di pericolo chiama il {emergency}.",
        "en": "{service} sends the notices of {town} on WhatsApp. It is free.\n\nYou can write:\n{things}"
        "\n\nThe rest is under “Everything else”. Nobody reads what is not a command. The office: "
        "{contacts}. "
        "In danger call {emergency}.",
    },
    "more-1": {
        "it": "Tocca qui sotto quello che vuoi sapere o fare: che cosa vale adesso su ogni argomento, le tue "
        "scelte, i tuoi dati.",
        "en": "Tap below what you want to know or do: what holds now about each topic, your choices, your "
        "data.",
    },
    "choose-1": {
        "it": "Scegli che cosa ricevere. Tocca un argomento per aggiungerlo o toglierlo: ✓ vuol dire che lo "
        "ricevi. In fondo all'elenco scegli le zone, il colore delle allerte e la lingua.",
        "en": "Choose what to receive. Tap a topic to add or remove it: ✓ means that you receive it. At the "
        "end "
        "of the list you choose zones, the colour of alerts and the language.",
    },
    "choose-out-1": {
        "it": "Tocca un argomento per ricevere quello e gli avvisi essenziali, che portano le emergenze.",
        "en": "Tap a topic to receive it and the essential notices, which carry emergencies.",
    },
    "zones-1": {
        "it": "Le tue zone: {zones}. Ricevi gli avvisi che le riguardano e quelli per tutto il Comune; gli "
        "avvisi "
        "per le altre zone no.\n\nLe emergenze arrivano a tutti, in qualunque zona. Tocca una zona per "
        "aggiungerla o toglierla.",
        "en": "Your zones: {zones}. You receive the notices that concern them and those for the whole town; "
        "not "
        "the notices for other zones.\n\nEmergencies reach everyone, in whatever zone. Tap a zone to add or "
        "remove it.",
    },
    "zones-none-1": {
        "it": "Ricevi gli avvisi per tutte le zone. Se ne scegli una, o più d'una, non ricevi più quelli che "
        "riguardano soltanto le altre.\n\nLe emergenze arrivano a tutti, in qualunque zona.",
        "en": "You receive the notices for all zones. If you choose one or more, you no longer receive "
        "those that "
        "concern only the others.\n\nEmergencies reach everyone, in whatever zone.",
    },
    "languages-1": {
        "it": "Scegli in che lingua ricevere avvisi e risposte.",
        "en": "Choose the language of notices and answers.",
    },
    "language-chosen-1": {
        "it": "Da ora avvisi e risposte arrivano in italiano.",
        "en": "From now on notices and answers come in English; a notice that has no English text comes in "
        "Italian.",
    },
    "colours-1": {
        "it": "Allerte meteo che ricevi: {colour}.\n\nQuelle di un colore più lieve non arrivano. Le "
        "emergenze "
        "arrivano a tutti, qualunque colore tu scelga.",
        "en": "Weather alerts that you receive: {colour}.\n\nThose of a milder colour do not come. "
        "Emergencies "
        "reach everyone, whatever colour you choose.",
    },
    "enough-1": {
        "it": "Va bene: non cambia niente, e non te lo chiediamo più. Se cambi idea scrivi SCEGLI.",
        "en": "All right: nothing changes, and we do not ask again. If you change your mind, write CHOOSE.",
    },
    "my-data-2": {
        "it": "In questa pagina vedi, scarichi, correggi o cancelli i dati che teniamo di te (numero: "
        "{number}):"
        "\n\n{link}\n\nSi apre entro {minutes} minuti e su un solo dispositivo: non inoltrarla. Non teniamo "
        "il tuo "
        "nome.",
        "en": "On this page you see, download, correct or erase the data we hold about you (number: "
        "{number}):"
        "\n\n{link}\n\nIt opens within {minutes} minutes and on one device only: do not forward it. We do "
        "not "
        "keep your name.",
    },
    "why-2": {
        "it": "Ricevi questi avvisi perché li hai chiesti da questo numero:\n{reasons}\n\nZone: "
        "{zones}.{last}\n\n"
        "Per lasciare un solo argomento toccalo nell'elenco qui sotto, o scrivi il suo nome seguito da NO.",
        "en": "You receive these notices because this number asked for them:\n{reasons}\n\nZones: "
        "{zones}.{last}"
        "\n\nTo leave a single topic, tap it in the list below, or write its name followed by NO.",
    },
    "why-out-1": {
        "it": "Non ricevi avvisi. Questa è soltanto la risposta a quello che hai scritto.",
        "en": "You receive no notices. This is only the answer to what you wrote.",
    },
    "near-1": {
        "it": "Forse vuoi {thing}. Tocca qui sotto per farlo: finché non tocchi non cambia niente.",
        "en": "Perhaps you want to {thing}. Tap below to do it: nothing changes until you tap.",
    },
    "near-unclear-1": {
        "it": "Non è chiaro che cosa vuoi fare, e non è cambiato niente. Tocca qui sotto per vedere che cosa "
        "puoi scrivere.",
        "en": "It is not clear what you want to do, and nothing has changed. Tap below to see what you can "
        "write.",
    },
    "not-understood-2": {
        "it": "{heard} Questo numero risponde da solo a poche parole.\n\nPer domande, guasti e segnalazioni: "
        "{contacts}.\n\nIn caso di pericolo chiama il {emergency}.",
        "en": "{heard} This number answers a few words by itself.\n\nFor questions, faults and reports: "
        "{contacts}.\n\nIn danger call {emergency}.",
    },
    "danger-1": {
        "it": "Per domande e segnalazioni che possono aspettare: {contacts}.",
        "en": "For questions and reports that can wait: {contacts}.",
    },
}
# Said before everything else, in or out: the one thing that cannot wait for the second line.
DANGER = {
    "it": "Se c'è un pericolo chiama subito il {emergency}. Nessuno guarda questo numero.",
    "en": "If there is danger call {emergency} at once. Nobody watches this number.",
}

BUTTONS = {
    "start": {"it": "Attiva iscrizione", "en": "Subscribe"},
    "stop": {"it": "Disattiva iscrizione", "en": "Leave"},
    "stop_all": {"it": "Esci da tutto", "en": "Leave everything"},
    "choose": {"it": "Scegli argomenti", "en": "Choose topics"},
    "info": {"it": "Che cosa posso fare", "en": "What I can do"},
    "my_data": {"it": "I miei dati", "en": "My data"},
    "why": {"it": "Perché li ricevo", "en": "Why I receive it"},
    "topic_on": {"it": "Ricevi gli avvisi", "en": "Receive notices"},
    "topic_off": {"it": "Togli argomento", "en": "Remove topic"},
    "back_on": {"it": "Torna a riceverli", "en": "Receive them again"},
    "ask": {"it": "Che cosa vale ora", "en": "What holds now"},
    "marketing_stop": {"it": "Basta promozioni", "en": "No promotions"},
    "list": {"it": "Argomenti", "en": "Topics"},
    "more": {"it": "Tutto il resto", "en": "Everything else"},
    "zones": {"it": "Zone", "en": "Zones"},
    "languages": {"it": "Lingua", "en": "Language"},
    "colours": {"it": "Colore delle allerte", "en": "Alert colour"},
    "leave_one": {"it": "Lascia un argomento", "en": "Leave a topic"},
    "enough": {"it": "No, va bene così", "en": "No, that is fine"},
}
# What a near miss was probably about, after «Forse vuoi …».
THINGS = {
    "start": {"it": "iscriverti", "en": "subscribe"},
    "stop": {"it": "uscire dal servizio", "en": "leave the service"},
    "choose": {"it": "scegliere gli argomenti", "en": "choose the topics"},
    "info": {"it": "sapere come funziona", "en": "know how it works"},
    "my_data": {"it": "sapere quali dati teniamo", "en": "know which data we hold"},
    "why": {"it": "sapere perché ricevi gli avvisi", "en": "know why you receive the notices"},
    "topic_on": {"it": "ricevere gli avvisi su {topic}", "en": "receive the notices about {topic}"},
    "topic_off": {
        "it": "non ricevere più gli avvisi su {topic}",
        "en": "stop the notices about {topic}",
    },
    "ask": {"it": "sapere che cosa vale ora su {topic}", "en": "know what holds now about {topic}"},
    "marketing_stop": {"it": "fermare le promozioni", "en": "stop the promotions"},
}
SMALL = {
    "none": {"it": "nessuno", "en": "none"},
    "whole_town": {"it": "tutto il Comune", "en": "the whole town"},
    "no_night": {"it": "non indicato, leggi la pagina dei turni", "en": "not stated, read the rota's page"},
    "no_phone": {"it": "non lo conosciamo", "en": "we do not know it"},
    "since": {"it": "• {topic}: da {day}", "en": "• {topic}: since {day}"},
    "reason": {
        "it": "• {topic}: da {day}, {how}. Confermato con il testo «{wording}», policy versione {number}",
        "en": "• {topic}: since {day}, {how}. Confirmed with the text “{wording}”, policy version {number}",
    },
    "how_start": {"it": "quando hai scritto ATTIVA ISCRIZIONE", "en": "when you wrote SUBSCRIBE"},
    "how_topic": {"it": "quando hai chiesto questo argomento", "en": "when you asked for this topic"},
    "how_tap": {"it": "su tua richiesta", "en": "at your request"},
    "how_import": {
        "it": "con l'iscrizione che avevi dato all'ufficio",
        "en": "with the subscription that you gave to the office",
    },
    "last_notice": {
        "it": "\n\nL'ultimo avviso che ti è stato mandato: «{title}» ({topic}, zone: {zones}). {link}",
        "en": "\n\nThe last notice that was sent to you: “{title}” ({topic}, zones: {zones}). {link}",
    },
    "menu_start": {"it": "• ATTIVA ISCRIZIONE, per iscriverti", "en": "• SUBSCRIBE, to join"},
    "menu_choose": {
        "it": "• SCEGLI, per argomenti, zone e lingua",
        "en": "• CHOOSE, for topics, zones and language",
    },
    "menu_ask": {"it": "• {word}, per sapere che cosa vale adesso", "en": "• {word}, to know what holds now"},
    "ask_help": {"it": "Che cosa vale adesso", "en": "What holds now"},
    "stop_help": {"it": "Non ricevi più niente", "en": "You receive nothing any more"},
    "zones": {"it": "Zone", "en": "Zones"},
    "colours": {"it": "Colore delle allerte", "en": "Alert colour"},
    "languages": {"it": "Lingua · Language", "en": "Language · Lingua"},
    "more_topics": {"it": "Altri argomenti…", "en": "More topics…"},
    "more_zones": {"it": "Altre zone…", "en": "More zones…"},
    "page": {"it": "Elenco {page} di {pages}", "en": "List {page} of {pages}"},
    "zone_add": {"it": "Tocca per sceglierla", "en": "Tap to choose it"},
    "zone_remove": {"it": "È tra le tue. Tocca per toglierla", "en": "It is one of yours. Tap to remove it"},
    "whole_town_help": {"it": "Gli avvisi di ogni zona", "en": "The notices of every zone"},
    "add": {"it": "Tocca per riceverlo", "en": "Tap to receive it"},
    "remove": {"it": "Lo ricevi. Tocca per toglierlo", "en": "You receive it. Tap to remove it"},
    "own_promise": {"it": "{topic}: {promise} a parte", "en": "{topic}: {promise} on top"},
    "language": {"it": "italiano", "en": "English"},
    "exercise": {"it": "ESERCITAZIONE", "en": "EXERCISE"},
}
# What one writes to ask about a topic, where its name is not the word that is taught.
ASK_WORDS = {
    "protezione-civile": {"it": "ALLERTA", "en": "ALERT"},
    "farmacie": {"it": "FARMACIA", "en": "PHARMACY"},
    "viabilita": {"it": "VIABILITÀ", "en": "ROADS"},
}
# The lowest colour of an alert that somebody wants.
COLOURS = {
    "gialla": {"it": "tutte", "en": "all"},
    "arancione": {"it": "solo arancioni e rosse", "en": "only orange and red"},
    "rossa": {"it": "solo rosse", "en": "only red"},
}
_LOOKED_AT = {
    "it": "Nessuno guarda quello che mandi qui: non l'abbiamo aperto e non lo teniamo.",
    "en": "Nobody looks at what you send here: we have not opened it and do not keep it.",
}
# What is said of each kind of message that asks for nothing.
NOISE = {
    "": {"it": "Qui non legge e non ascolta nessuno.", "en": "Nobody reads or listens here."},
    "audio": {
        "it": "Qui nessuno ascolta i messaggi vocali: non l'abbiamo aperto e non lo teniamo.",
        "en": "Nobody listens to voice messages here: we have not opened it and do not keep it.",
    },
    "call": {
        "it": "A questo numero non risponde nessuno al telefono.",
        "en": "Nobody answers the phone at this number.",
    },
    **dict.fromkeys(
        ("image", "video", "document", "sticker", "contacts", "order", "unsupported"), _LOOKED_AT
    ),
    "location": {
        "it": "Qui nessuno vede la tua posizione, e non la teniamo.",
        "en": "Nobody sees your location here, and we do not keep it.",
    },
}
