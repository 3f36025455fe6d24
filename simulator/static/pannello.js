// The control page: a form over the simulator's settings, and its figures.
"use strict";

const $ = (id) => document.getElementById(id);
const NAMES = {
  inbound: "messaggi dei cittadini", sent: "inviati", delivered: "consegnati", read: "letti", failed: "falliti",
  webhooks: "notifiche al servizio", updates: "aggiornamenti notificati", webhooks_retried: "notifiche ripetute",
  webhooks_given_up: "notifiche abbandonate", updates_lost: "aggiornamenti persi",
};

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
  };
  const answer = await fetch(`/__sim__/${path}`, options);
  const parsed = await answer.json();
  if (!answer.ok) throw new Error(parsed.error || answer.statusText);
  return parsed;
}

function say(words, bad) {
  $("said").textContent = words;
  $("said").classList.toggle("bad", Boolean(bad));
}

function figure(name, value) {
  const box = document.createElement("div");
  const term = document.createElement("dt");
  const data = document.createElement("dd");
  term.textContent = name;
  data.textContent = typeof value === "number" ? value.toLocaleString("it-IT") : value;
  box.append(term, data);
  return box;
}

async function figures() {
  const state = await ask("state");
  const rows = [
    figure("collegato al servizio", state.handshake ? "sì" : "no"),
    figure("cittadini", state.phones),
    figure("messaggi accettati", state.messages),
    figure("passi in attesa", state.queues.steps),
    figure("aggiornamenti in coda", state.queues.updates),
  ];
  for (const [key, value] of Object.entries(state.counters)) rows.push(figure(NAMES[key] || key, value));
  for (const [key, value] of Object.entries(state.requests)) {
    rows.push(figure(key === "ok" ? "richieste accettate" : `richieste rifiutate: ${key}`, value));
  }
  $("figures").replaceChildren(...rows);
  return state;
}

$("settings").addEventListener("submit", async (event) => {
  event.preventDefault();
  const values = {};
  for (const field of event.target.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") values[field.name] = field.checked;
    else if (field.type === "number") values[field.name] = Number(field.value);
    else values[field.name] = field.value;
  }
  try {
    await ask("settings", values);
    say("Fatto: vale da subito.");
  } catch (error) {
    say(`Non è stato possibile: ${error.message}`, true);
  }
});

$("person").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target.elements;
  try {
    const person = await ask("phones", {phone: form.phone.value.replace(/\D/g, ""), persona: form.persona.value});
    say(`Salvato: ${person.name}.`);
  } catch (error) {
    say(`Non è stato possibile: ${error.message}`, true);
  }
});

async function populate(body, words) {
  try {
    const people = await ask("population", body);
    say(words(people));
  } catch (error) {
    say(`Non è stato possibile: ${error.message}`, true);
  }
}

$("population").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target.elements;
  const body = {size: Number(form.size.value), join_s: Number(form.join_s.value)};
  populate(body, (people) => `Ora ${people.size} persone fanno da sé.`);
});
$("still").addEventListener("click", () => populate({size: 0}, () => "Nessuno fa più niente da sé."));

async function start() {
  const state = await figures();
  for (const field of $("settings").elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") field.checked = state.settings[field.name];
    else field.value = state.settings[field.name];
  }
  setInterval(() => figures().catch(() => say("Il simulatore non risponde.", true)), 2000);
}

start().catch(() => say("Il simulatore non risponde.", true));
