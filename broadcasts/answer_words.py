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
    "joined-1": {
        "it": "Da ora ricevi qui gli avvisi del {town} su: {topics}.\n\nQuanti: {promise}. Emergenze e "
        "avvisi urgenti non contano; le emergenze arrivano a qualunque ora.\n\nQui nessuno legge quello che "
        "scrivi: in caso di pericolo chiama il {emergency}.\n\nPer aggiungere o togliere argomenti scrivi "
        "SCEGLI.",
        "en": "From now on you receive the notices of {town} about: {topics}.\n\nHow many: {promise}. "
        "Emergencies and urgent notices do not count; emergencies come at any hour.\n\nNobody reads what "
        "you write here: in danger call {emergency}.\n\nTo add or remove topics, write CHOOSE.",
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
    "info-1": {
        "it": "{service} manda su WhatsApp gli avvisi del {town}. È gratuito.\n\nPuoi scrivere:\n"
        "• ATTIVA ISCRIZIONE, per iscriverti\n• DISATTIVA ISCRIZIONE, per uscire\n• SCEGLI, per gli argomenti"
        "\n• FARMACIA, ALLERTA, ACQUA…, per sapere che cosa vale adesso\n• I MIEI DATI oppure PERCHÉ"
        "\n\nTutto il resto non lo legge nessuno. L'ufficio: {contacts}. In caso di pericolo chiama il "
        "{emergency}.",
        "en": "{service} sends the notices of {town} on WhatsApp. It is free.\n\nYou can write:\n"
        "• SUBSCRIBE, to join\n• STOP, to leave\n• CHOOSE, for the topics"
        "\n• PHARMACY, ALERT, WATER…, to know what holds now\n• MY DATA or WHY"
        "\n\nNobody reads anything else. The office: {contacts}. In danger call {emergency}.",
    },
    "choose-1": {
        "it": "Scegli che cosa ricevere. Tocca un argomento per aggiungerlo o toglierlo: ✓ vuol dire che lo "
        "ricevi.",
        "en": "Choose what to receive. Tap a topic to add or remove it: ✓ means that you receive it.",
    },
    "choose-out-1": {
        "it": "Tocca un argomento per ricevere quello e gli avvisi essenziali, che portano le emergenze.",
        "en": "Tap a topic to receive it and the essential notices, which carry emergencies.",
    },
    "my-data-1": {
        "it": "Che cosa teniamo di te:\n• numero: {number}\n• lingua: {language}\n• argomenti: {topics}"
        "\n• zone: {zones}\n• ultima scelta: {since}\n• il registro delle tue scelte, senza il numero"
        "\n\nNon teniamo il tuo nome. Per avere tutto, correggerlo o farlo cancellare: {contacts}.",
        "en": "What we hold about you:\n• number: {number}\n• language: {language}\n• topics: {topics}"
        "\n• zones: {zones}\n• last choice: {since}\n• the record of your choices, without the number"
        "\n\nWe do not keep your name. To have it all, correct it or have it erased: {contacts}.",
    },
    "why-1": {
        "it": "Ricevi questi avvisi perché li hai chiesti da questo numero:\n{reasons}\n\n{version}Per "
        "lasciare un solo argomento scrivi SCEGLI.",
        "en": "You receive these notices because this number asked for them:\n{reasons}\n\n{version}To leave "
        "a single topic, write CHOOSE.",
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
    "not-understood-1": {
        "it": "Questo numero risponde da solo a poche parole: qui non legge e non ascolta nessuno.\n\nPer "
        "domande, guasti e segnalazioni: {contacts}.\n\nIn caso di pericolo chiama il {emergency}.",
        "en": "This number answers a few words by itself: nobody reads or listens here.\n\nFor questions, "
        "faults and reports: {contacts}.\n\nIn danger call {emergency}.",
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
    "version": {
        "it": "La policy che valeva: versione {number}. ",
        "en": "The policy then in force: version {number}. ",
    },
    "add": {"it": "Tocca per riceverlo", "en": "Tap to receive it"},
    "remove": {"it": "Lo ricevi. Tocca per toglierlo", "en": "You receive it. Tap to remove it"},
    "own_promise": {"it": "{topic}: {promise} a parte", "en": "{topic}: {promise} on top"},
    "language": {"it": "italiano", "en": "English"},
    "exercise": {"it": "ESERCITAZIONE", "en": "EXERCISE"},
}
