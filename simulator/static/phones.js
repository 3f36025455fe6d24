// The phone page: a list of citizens and up to three phones. State lives in the simulator; here only who is shown.
"use strict";

const CHIPS = ["ATTIVA ISCRIZIONE", "DISATTIVA ISCRIZIONE", "FARMACIA"];
const HABITS = {
  receipts_off: "senza conferme di lettura",
  offline: "telefono spento",
  not_on_whatsapp: "non è su WhatsApp",
  blocked_us: "ci ha bloccati",
  username_only: "solo nome utente",
  no_marketing: "niente promozioni",
  experiment: "in un esperimento",
  marketing_limit: "limite promozioni",
};
const narrow = window.matchMedia("(max-width: 820px)");
const $ = (id) => document.getElementById(id);

let settings = {};
let active = 0;
let slots = [];
let listTimer = null;

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
  };
  const answer = await fetch(`/__sim__/${path}`, options);
  if (!answer.ok) throw new Error((await answer.json()).error || answer.statusText);
  return answer.json();
}

function quietly(promise) {
  return promise.then(
    (value) => { $("trouble").hidden = true; return value; },
    () => { $("trouble").hidden = false; },
  );
}

// ---- one phone

class Phone {
  constructor(index) {
    this.index = index;
    this.number = null;
    this.drawn = new Map();
    this.root = $("phone").content.firstElementChild.cloneNode(true);
    this.log = this.root.querySelector(".log");
    this.text = this.root.querySelector("textarea");
    this.text.id = `text-${index}`;
    this.root.querySelector(".composer label").htmlFor = this.text.id;
    for (const words of CHIPS) {
      const chip = element("button", "chip", words);
      chip.type = "button";
      chip.addEventListener("click", () => this.say(words));
      this.root.querySelector(".chips").append(chip);
    }
    this.root.querySelector(".composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.sendText();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.sendText();
      }
    });
    this.root.querySelector(".change").addEventListener("click", () => { activate(index); $("query").focus(); });
    this.root.querySelector(".back").addEventListener("click", () => { document.body.classList.remove("in-chat"); });
    this.root.querySelector(".clip").addEventListener("click", () => openAttachments(this));
    this.root.querySelector(".quoted button").addEventListener("click", () => this.quote(null));
    this.root.querySelector(".power").addEventListener("click", () => this.switchPower());
    // Whoever was at the last message stays there when the keyboard, a banner or a new message takes room.
    this.stuck = true;
    this.log.addEventListener("scroll", () => {
      this.stuck = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
    });
    new ResizeObserver(() => { if (this.stuck) this.toEnd(); }).observe(this.log);
    this.draw({name: "Nessuno", phone: "", messages: [], now: 0, online: true, persona: "normal"});
  }

  async show(number) {
    if (this.number !== number) {
      this.quote(null);
      this.number = number;
      this.drawn.clear();
      this.log.replaceChildren();
    }
    await this.refresh();
    this.toEnd();
  }

  toEnd() {
    this.stuck = true;
    this.log.scrollTop = this.log.scrollHeight;
  }

  async refresh() {
    if (!this.number) return;
    const looked = this.index === 0 && !document.hidden ? "?open=1" : "";
    const number = this.number;
    const chat = await ask(`phones/${number}/chat${looked}`);
    if (number === this.number) this.draw(chat);
  }

  sendText() {
    const words = this.text.value.trim();
    if (words) this.say(words).then(() => { this.text.value = ""; });
    // A reload must not offer again what was sent.
    if (words && this.index === 0 && location.search) history.replaceState(null, "", `/?phone=${this.number}`);
    this.text.focus();
  }

  async say(words) {
    if (!this.number) return;
    const body = {text: words, reply_to: this.replyTo || ""};
    this.quote(null);
    await quietly(ask(`phones/${this.number}/say`, body).then(() => this.refresh()));
    this.toEnd();
  }

  async give(type) {
    await quietly(ask(`phones/${this.number}/send`, {type}).then(() => this.refresh()));
    this.toEnd();
  }

  quote(message) {
    this.replyTo = message ? message.id : "";
    const box = this.root.querySelector(".quoted");
    box.hidden = !message;
    box.querySelector("span").textContent = message ? (message.header || message.body).slice(0, 90) : "";
    if (message) this.text.focus();
  }

  async tap(message, choice) {
    await quietly(ask(`phones/${this.number}/tap`, {message_id: message, button_id: choice}).then(() => this.refresh()));
    this.toEnd();
  }

  async switchPower() {
    if (this.number) await quietly(ask(`phones/${this.number}`, {online: !this.online}).then(() => this.refresh()));
  }

  draw(chat) {
    const root = this.root;
    this.online = chat.online;
    root.classList.toggle("off", !chat.online);
    root.classList.toggle("empty", !this.number);
    root.setAttribute("aria-label", `Telefono ${this.index + 1}: ${chat.name}`);
    root.querySelector(".name").textContent = chat.name;
    root.querySelector(".number").textContent = numberLine(chat);
    root.querySelector(".face").textContent = initials(chat.name);
    root.querySelector(".service").textContent = settings.verified_name || "";
    root.querySelector(".line").textContent = settings.display_number ? `+${settings.display_number}` : "";
    root.querySelector(".composer label").textContent = `Messaggio di ${chat.name}`;
    this.log.setAttribute("aria-label", `Messaggi di ${chat.name}`);
    const power = root.querySelector(".power");
    power.textContent = chat.online ? "Spegni" : "Accendi";
    power.setAttribute("aria-label", `${power.textContent} il telefono di ${chat.name}`);
    root.querySelector(".change").setAttribute("aria-label", `Cambia chi è nel telefono ${this.index + 1}`);
    root.querySelector(".typing").hidden = !chat.typing;
    this.drawMessages(chat);
    if (this.index === 0 && chat.now) showClock(chat.offset_seconds);
  }

  drawMessages(chat) {
    const wanted = [];
    let day = "";
    for (const message of chat.messages) {
      const name = dayName(message.at, chat.now);
      if (name !== day) wanted.push([`day:${name}`, name, () => element("p", "day", name)]);
      day = name;
      wanted.push([message.id, JSON.stringify(message), () => this.bubble(message, chat)]);
    }
    if (!wanted.length) {
      const words = this.number ? "Ancora nessun messaggio. Scrivi o tocca un testo pronto." : "Scegli un cittadino dall'elenco.";
      wanted.push(["none", words, () => element("p", "day", words)]);
    }
    this.place(wanted);
    if (this.stuck) this.toEnd();
  }

  // Only what is new or changed touches the page, so that a screen reader hears each message once.
  place(wanted) {
    const kept = new Set(wanted.map(([key]) => key));
    for (const [key, entry] of this.drawn) {
      if (!kept.has(key)) { entry.node.remove(); this.drawn.delete(key); }
    }
    let before = null;
    for (const [key, signature, build] of wanted) {
      let entry = this.drawn.get(key);
      if (!entry || entry.signature !== signature) {
        const node = build();
        if (entry) entry.node.replaceWith(node);
        else if (before) before.after(node);
        else this.log.prepend(node);
        entry = {node, signature};
        this.drawn.set(key, entry);
      }
      before = entry.node;
    }
  }

  bubble(message, chat) {
    const bubble = element("div", `bubble ${message.mine ? "mine" : "theirs"}`);
    bubble.dataset.state = message.state;
    bubble.dataset.id = message.id;
    const quoted = message.reply_to && chat.messages.find((other) => other.id === message.reply_to);
    if (quoted) bubble.append(element("p", "quote", (quoted.header || quoted.body).slice(0, 90)));
    if (message.attachment) bubble.append(attached(message.attachment));
    if (message.header) bubble.append(element("p", "header", message.header));
    if (message.body) {
      const body = element("p", "body");
      body.append(formatted(message.body));
      bubble.append(body);
    }
    if (message.footer) bubble.append(element("p", "footer", message.footer));
    bubble.append(meta(message));
    const choices = element("div", "choices");
    for (const button of message.buttons) choices.append(this.button(message, button));
    if (message.list_button) {
      const open = element("button", "choice", `☰ ${message.list_button}`);
      open.type = "button";
      open.addEventListener("click", () => openMenu(this, message));
      choices.append(open);
    }
    if (choices.childElementCount) bubble.append(choices);
    if (!message.mine) {
      const reply = element("button", "reply", "↩");
      reply.type = "button";
      reply.setAttribute("aria-label", `Rispondi a: ${(message.header || message.body).slice(0, 40)}`);
      reply.addEventListener("click", () => this.quote(message));
      bubble.append(reply);
    }
    if (message.reaction) bubble.append(element("span", "reaction", message.reaction));
    return bubble;
  }

  button(message, button) {
    if (button.kind === "url") {
      const link = safeLink(button.value, `↗ ${button.text}`);
      link.className = "choice";
      return link;
    }
    if (button.kind === "phone") {
      const call = element("a", "choice", `☎ ${button.text}`);
      call.href = `tel:${button.value.replace(/[^+\d]/g, "")}`;
      return call;
    }
    const made = element("button", "choice", button.text);
    made.type = "button";
    made.disabled = message.chosen !== "" && button.kind === "reply";
    made.addEventListener("click", () => this.tap(message.id, button.value || button.text));
    return made;
  }
}

function numberLine(chat) {
  if (!chat.phone) return "";
  const habit = HABITS[chat.persona];
  const off = chat.online ? "" : " · spento";
  const number = chat.username ? `@${chat.username}` : `+${chat.phone}`;
  return `${number}${habit && chat.persona !== "offline" ? ` · ${habit}` : ""}${off}`;
}

function initials(name) {
  return name.split(/\s+/).map((word) => word[0] || "").slice(0, 2).join("").toUpperCase();
}

function openMenu(phone, message) {
  $("menu-title").textContent = message.list_button;
  const rows = $("menu-rows");
  rows.replaceChildren();
  let section = "";
  for (const row of message.rows) {
    if (row.section && row.section !== section) rows.append(element("h3", "", row.section));
    section = row.section;
    const line = element("button", "row");
    line.type = "button";
    line.append(element("strong", "", row.title), element("span", "", row.description));
    line.addEventListener("click", () => { $("menu").close(); phone.tap(message.id, row.id); });
    rows.append(line);
  }
  $("menu").showModal();
}

function openAttachments(phone) {
  $("menu-title").textContent = "Che cosa mandi?";
  $("menu-rows").replaceChildren(...[["image", "Una foto"], ["document", "Un documento"], ["audio", "Un vocale"], ["location", "La posizione"]].map(([type, words]) => {
    const line = element("button", "row", words);
    line.type = "button";
    line.addEventListener("click", () => { $("menu").close(); phone.give(type); });
    return line;
  }));
  $("menu").showModal();
}

// ---- the list

async function drawList() {
  const query = $("query").value.trim();
  const {phones, now} = await ask(`phones?limit=60&query=${encodeURIComponent(query)}`);
  const shown = new Map(slots.map((phone) => [phone.number, phone.index]));
  $("list").replaceChildren(...phones.map((person) => {
    const item = element("li");
    const open = element("button", "person");
    open.type = "button";
    const where = shown.get(person.phone);
    if (where === active) open.setAttribute("aria-current", "true");
    const face = element("span", "face", initials(person.name));
    face.setAttribute("aria-hidden", "true");
    const words = element("span", "words");
    const last = element("span", "last", person.last || HABITS[person.persona] || `+${person.phone}`);
    if (person.last_state && TICKS[person.last_state]) last.prepend(ticks(person.last_state), " ");
    words.append(element("span", "name", person.name), last);
    open.append(face, words);
    if (person.last) open.append(element("span", "when", whenOf(person.last_at, now)));
    if (person.unread) {
      const count = element("span", "unread", String(person.unread));
      count.setAttribute("aria-label", `${person.unread} da leggere`);
      open.append(count);
    }
    open.addEventListener("click", () => choose(person.phone));
    item.append(open);
    return item;
  }));
  $("none").hidden = phones.length > 0;
  $("invent").textContent = query && !phones.length ? `Inventa «${query}»` : "Inventa un cittadino";
  return phones;
}

function listSoon() {
  if (listTimer) return;
  listTimer = setTimeout(() => { listTimer = null; quietly(drawList()); }, 700);
}

function activate(index) {
  active = index;
  slots.forEach((phone) => phone.root.classList.toggle("active", phone.index === index));
  listSoon();
}

async function choose(number, words) {
  const elsewhere = slots.find((phone) => phone.number === number);
  const phone = elsewhere && !narrow.matches ? elsewhere : slots[narrow.matches ? 0 : active];
  activate(phone.index);
  await quietly(phone.show(number));
  if (words !== undefined) phone.text.value = words;
  document.body.classList.add("in-chat");
  remember();
  quietly(drawList());
  phone.text.focus();
}

async function invent(words) {
  const query = $("query").value.trim();
  const digits = query.replace(/[\s+]/g, "");
  const body = {phone: `39333${String(Math.floor(Math.random() * 1e7)).padStart(7, "0")}`};
  if (/^\d{7,15}$/.test(digits)) body.phone = digits;
  else if (query) body.name = query;
  const person = await quietly(ask("phones", body));
  $("query").value = "";
  if (person) await choose(person.phone, words);
}

function remember() {
  sessionStorage.setItem("phones", JSON.stringify(slots.map((phone) => phone.number)));
}

// ---- what happens meanwhile

function showClock(offset) {
  const clock = $("clock");
  clock.hidden = Math.abs(offset) < 1;
  const now = Date.now() / 1000 + offset;
  clock.textContent = clock.hidden ? "" : `Ora simulata: ${dayOf(now)}, ${hourOf(now)}`;
}

function onNews(numbers) {
  const all = numbers.includes("*");
  for (const phone of slots) {
    if (phone.number && (all || numbers.includes(phone.number))) quietly(phone.refresh());
  }
  listSoon();
}

function listen() {
  const news = new EventSource("/__sim__/events");
  news.addEventListener("message", (event) => onNews(JSON.parse(event.data)));
  // Where the feed does not come through, asking now and then does.
  setInterval(() => { if (news.readyState !== EventSource.OPEN) onNews(["*"]); }, 3000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) onNews(["*"]); });
  setInterval(() => onNews(slots.filter((phone) => !phone.root.querySelector(".typing").hidden).map((phone) => phone.number)), 2000);
}

async function start() {
  const state = await ask("state");
  settings = state.settings;
  if (settings.site_url) {
    $("site").href = settings.site_url;
    $("admin").href = `${settings.site_url.replace(/\/$/, "")}/admin/`;
    $("site").hidden = $("admin").hidden = false;
  }
  slots = [0, 1, 2].map((index) => new Phone(index));
  $("phones").append(...slots.map((phone) => phone.root));
  slots.forEach((phone) => phone.root.addEventListener("focusin", () => { if (active !== phone.index) activate(phone.index); }));
  activate(0);
  showClock(state.offset_seconds);
  const people = await drawList();
  const kept = JSON.parse(sessionStorage.getItem("phones") || "[]");
  const link = new URLSearchParams(location.search);
  const words = link.get("text");
  const asked = (link.get("phone") || "").replace(/\D/g, "");
  const others = people.map((person) => person.phone).filter((number) => number !== asked);
  const first = asked || (words === null ? kept[0] || others[0] : null);
  const fill = [kept[1] || others[1], kept[2] || others[2]];
  await Promise.all([1, 2].map((index) => fill[index - 1] && fill[index - 1] !== first ? slots[index].show(fill[index - 1]) : null));
  if (first) {
    if (asked) await ask("phones", {phone: asked});
    await slots[0].show(first);
    if (words !== null) slots[0].text.value = words;
    if (asked) { document.body.classList.add("in-chat"); slots[0].text.focus(); }
    drawList();
  } else if (words !== null) {
    await invent(words);
    // The same invented citizen after a reload.
    history.replaceState(null, "", `/?${new URLSearchParams({phone: slots[0].number, text: words})}`);
  }
  remember();
  listen();
}

$("search").addEventListener("submit", (event) => { event.preventDefault(); invent(); });
$("query").addEventListener("input", listSoon);
$("menu-close").addEventListener("click", () => $("menu").close());
quietly(start());
