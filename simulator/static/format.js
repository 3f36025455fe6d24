// Text as the app shows it: *bold* _italic_ ~struck~ ```fixed``` and links. Builds nodes, never markup.
"use strict";

const MARKS = /(https?:\/\/[^\s<>"«»]+)|```([^`]+)```|(?<![\p{L}\p{N}])(?:\*(\S(?:[^*\n]*\S)?)\*|_(\S(?:[^_\n]*\S)?)_|~(\S(?:[^~\n]*\S)?)~)(?![\p{L}\p{N}])/gu;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function safeLink(address, text) {
  const link = element("a", "", text);
  if (/^https?:\/\//.test(address)) {
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  return link;
}

function formatted(text) {
  const whole = document.createDocumentFragment();
  let last = 0;
  for (const match of text.matchAll(MARKS)) {
    const [all, url, fixed, bold, italic, struck] = match;
    whole.append(text.slice(last, match.index));
    last = match.index + all.length;
    if (url) {
      const tail = url.match(/[.,;:!?)]*$/)[0];
      const address = url.slice(0, url.length - tail.length);
      whole.append(safeLink(address, address), tail);
    } else if (fixed) {
      whole.append(element("code", "", fixed));
    } else {
      const part = document.createElement(bold ? "strong" : italic ? "em" : "s");
      part.append(formatted(bold || italic || struck));
      whole.append(part);
    }
  }
  whole.append(text.slice(last));
  return whole;
}

const HOUR = new Intl.DateTimeFormat("it-IT", {timeZone: "Europe/Rome", hour: "2-digit", minute: "2-digit"});
const DAY = new Intl.DateTimeFormat("it-IT", {timeZone: "Europe/Rome", weekday: "long", day: "numeric", month: "long"});

function hourOf(seconds) {
  return HOUR.format(new Date(seconds * 1000));
}

function dayOf(seconds) {
  return DAY.format(new Date(seconds * 1000));
}

// As the list shows it: the hour of today, else the day.
function whenOf(seconds, now) {
  if (dayOf(seconds) === dayOf(now)) return hourOf(seconds);
  return new Date(seconds * 1000).toLocaleDateString("it-IT", {timeZone: "Europe/Rome", day: "numeric", month: "numeric"});
}

function dayName(seconds, now) {
  const day = dayOf(seconds);
  if (day === dayOf(now)) return "oggi";
  if (day === dayOf(now - 86400)) return "ieri";
  return day;
}

const TICKS = {sent: ["✓", "inviato"], delivered: ["✓✓", "consegnato"], read: ["✓✓", "letto"]};

function ticks(state) {
  const [sign, words] = TICKS[state];
  const tick = element("span", `tick ${state}`, sign);
  tick.setAttribute("role", "img");
  tick.setAttribute("aria-label", words);
  return tick;
}

function attached(item) {
  const address = item.media_id ? `/media/${encodeURIComponent(item.media_id)}` : item.link;
  if (item.kind === "image" && item.media_id) {
    const picture = element("img", "picture");
    picture.src = address;
    picture.alt = "Immagine allegata";
    return picture;
  }
  const link = element("a", "file", `📄 ${item.filename || item.kind}`);
  if (address) { link.href = address; link.target = "_blank"; link.rel = "noopener noreferrer"; }
  return link;
}

function meta(message) {
  const line = element("p", "meta");
  const time = element("time", "", hourOf(message.at));
  time.dateTime = new Date(message.at * 1000).toISOString();
  line.append(time);
  if (message.mine && TICKS[message.state]) line.append(" ", ticks(message.state));
  return line;
}
