/* What script adds to the web chat: answers as they come, sending again by itself, leaving at once. It works without. */
"use strict";

const $ = (query, root = document) => root.querySelector(query);
const form = $("#write");
const list = $("#messages");
const area = $("#text");
const file = $("#file");
const words = JSON.parse(form.dataset.words);
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: form.dataset.zone });
const day = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", day: "numeric", month: "long", timeZone: form.dataset.zone });
const csrf = $("input[name=csrf]", form)?.value;

/* Drawing: the same shapes as templates/_message.html. */

function el(tag, name, ...inside) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.append(...inside.filter((one) => one !== null && one !== undefined));
  return node;
}

function icon(name, kind = "") {
  const svg = $(".top .icon").cloneNode(true);
  svg.setAttribute("class", `icon ${kind}`);
  const use = $("use", svg);
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
  return svg;
}

function link(href, text, name = "") {
  const a = el("a", name, text);
  a.href = href;
  return a;
}

/* Words with what can be pressed in them: 112, the notice, a web address. */
function rich(line) {
  return line.split(/(\b112\b|\/privacy\b|https?:\/\/[^\s]+[^\s.,;:])/).map((part) => {
    if (part === "112") return link("tel:112", part);
    if (part === "/privacy") return link(part, words.notice);
    if (/^https?:/.test(part)) return Object.assign(link(part, part), { rel: "noopener noreferrer" });
    return part;
  });
}

const bubble = (lines) => (lines.length ? el("p", "bubble", ...lines.flatMap((line, i) => (i ? ["\n", ...rich(line)] : rich(line)))) : null);

/* In danger every number is a button of its own; the sentence around 112 stays with it. */
function danger(text) {
  const out = [];
  let kept = [];
  const flush = () => {
    if (kept.length) out.push(bubble(kept));
    kept = [];
  };
  for (const line of text.split("\n")) {
    const [, head, rest] = line.match(/^([\d ]+) – (.*)$/) || [];
    const first = line.match(/\b(112|999|998|997)\b/)?.[1];
    if (head || first) {
      flush();
      const number = link(`tel:${(head || first).replace(/ /g, "")}`, el("span", "", el("b", "", head || first), rest || line), head ? "number" : "number first");
      number.append(icon("phone"));
      out.push(number);
    } else if (line.trim()) kept.push(line);
    else flush();
  }
  flush();
  return out;
}

/* An id is "token:kind:…"; what a button means begins after the token. */
const starts = (choice, ...heads) => heads.some((head) => choice.id.slice(choice.id.indexOf(":") + 1).startsWith(head));

function choices(message, card) {
  const shown = message.choices.filter((one) => !starts(one, "m:"));
  const many = shown.filter((one) => !starts(one, "n:")).length > 5;
  const box = el("div", `choices${many ? " many" : ""}`);
  for (const one of shown) {
    const way = starts(one, "n:back", "n:skip", "n:topic", "n:language") || (starts(one, "n:person") && card);
    const alarm = one.id.includes("danger_now") || starts(one, "go:urgent");
    const button = el("button", `choice${way ? " way" : ""}${alarm ? " alarm" : ""}${starts(one, "s:ok") ? " main" : ""}`);
    if (alarm) button.append(icon("alert"));
    else if (starts(one, "n:person") && !way) button.append(icon("person"));
    button.append(one.label);
    button.addEventListener("click", () => (starts(one, "c:exit") ? leave() : press(one, box)));
    box.append(button);
  }
  return box;
}

function attached({ url, name, type = "" }) {
  if (type.startsWith("image/")) {
    const img = el("img");
    Object.assign(img, { src: url, alt: name || words.photo, loading: "lazy" });
    const a = link(url, "");
    a.replaceChildren(img);
    return el("p", "file", a);
  }
  if (type.startsWith("audio/")) return el("p", "file", Object.assign(el("audio"), { controls: true, preload: "none", src: url }));
  return el("p", "file", icon("file"), link(url, name || words.file));
}

function draw(message) {
  const { from, text = "", step, who } = message;
  const node = el("article", `message ${from}${message.danger ? " danger" : ""}`);
  node.dataset.id = message.id ?? "";
  if (message.lang) node.lang = message.lang;
  if (from === "staff") {
    const face = el("span", "avatar", (who || " ")[0]);
    face.ariaHidden = "true";
    node.append(el("p", "who", face, el("b", "", who || ""), ` ${words.staff}`));
  } else node.append(el("span", "unseen", `${words[from === "person" ? "you" : "bot"]}:`));
  const card = step && !message.danger && message.choices?.length;
  const lines = text.split("\n");
  if (message.danger) node.append(...danger(text));
  else if (card) {
    const asked = lines.pop();
    const above = bubble(lines.filter((line) => line.trim()));
    const bars = el("div", "bars", ...Array.from({ length: step.n }, (_, i) => el("i", i < step.i ? "on" : "")));
    const question = asked.startsWith(`${step.i} `) && asked.includes(". ") ? asked.slice(asked.indexOf(". ") + 2) : asked;
    if (above) node.append(above);
    node.append(el("div", "card step", bars, el("p", "second", words.step.replace("{i}", step.i).replace("{n}", step.n)), el("p", "question", ...rich(question)), choices(message, true)));
  } else if (text) node.append(bubble(lines));
  if (message.file) node.append(attached(message.file));
  else if (!text && words[message.kind]) node.append(el("p", "bubble", words[message.kind]));
  for (const one of (message.choices || []).filter((choice) => starts(choice, "m:"))) {
    const button = el("button", "link", one.label);
    button.addEventListener("click", () => {
      button.disabled = true;
      send({ choice: one.id }, null);
    });
    node.append(el("div", "original", button));
  }
  if (!card && message.choices?.some((one) => !starts(one, "m:"))) node.append(choices(message, false));
  const time = el("time", "", clock.format(new Date(message.at)));
  time.dateTime = message.at;
  node.append(el("p", "at", el("span", "", time)));
  return node;
}

function show(message) {
  const known = $(`[data-id="${CSS.escape(message.id)}"]`, list);
  last = Math.max(last, Number(message.id) || 0);
  if (known) return;
  if (message.from !== "person") for (const old of list.querySelectorAll(".choices")) old.remove();
  const near = innerHeight + scrollY > document.documentElement.scrollHeight - 160;
  const node = draw(message);
  if (message.from === "person") saved(node);
  const today = day.format(new Date(message.at));
  if (message.id && shownDay && today !== shownDay) list.append(el("p", "day", today));
  shownDay = today;
  list.append(node);
  if (near || message.from === "person") scrollTo(0, document.documentElement.scrollHeight);
}

let last = Math.max(0, ...[...list.querySelectorAll("[data-id]")].map((one) => Number(one.dataset.id) || 0));
let shownDay = "";
const newest = [...list.querySelectorAll("time")].pop();
if (newest) shownDay = day.format(new Date(newest.dateTime));

/* Sending: one after another, each with its own key, again and again until it is stored. Words live only on this page. */

const waiting = [];
let busy = false;
let pause = 1000;

function mark(item, text, kind) {
  if (!item.node) return;
  const line = $(".at", item.node);
  line.className = `at ${kind}`;
  line.replaceChildren(el("span", "", text));
}

function saved(node) {
  $(".at span", node).append(`, ${words.saved}`);
  $(".at", node).append(icon("check", "small"));
}

function send(body, shown) {
  const item = { body, key: crypto.randomUUID?.() || `${Date.now()}-${Math.random()}`, node: null };
  if (shown) {
    item.node = draw({ from: "person", at: new Date().toISOString(), ...shown });
    mark(item, words.sending, "");
    list.append(item.node);
    scrollTo(0, document.documentElement.scrollHeight);
  }
  waiting.push(item);
  post();
}

async function request(item) {
  const head = { Accept: "application/json" };
  if (csrf) head["X-CSRF-Token"] = csrf;
  let body;
  if (item.body.file) {
    body = new FormData();
    for (const [name, value] of Object.entries({ ...item.body, key: item.key })) body.append(name, value);
  } else {
    head["Content-Type"] = "application/json";
    body = JSON.stringify({ ...item.body, key: item.key });
  }
  return fetch("/chat/messages", { method: "POST", headers: head, body });
}

async function post() {
  if (busy || !waiting.length) return;
  busy = true;
  const item = waiting[0];
  let wait = 0;
  try {
    let answer = await request(item);
    if (answer.status === 401) {
      await fetch("/chat/session", { method: "POST", headers: csrf ? { "X-CSRF-Token": csrf } : {} });
      answer = await request(item);
    }
    if (answer.ok) {
      const { id } = await answer.json();
      waiting.shift();
      pause = 1000;
      if (item.node) {
        const twin = $(`[data-id="${CSS.escape(id)}"]`, list);
        if (twin) item.node.remove();
        else {
          item.node.dataset.id = id;
          mark(item, clock.format(new Date()), "");
          saved(item.node);
        }
      }
    } else if (answer.status >= 500 || answer.status === 429 || answer.status === 401) {
      wait = Number(answer.headers.get("Retry-After")) * 1000 || pause;
    } else {
      const said = await answer.json().catch(() => ({}));
      waiting.shift();
      mark(item, said.sentence || words.refused, "waiting");
      if (item.body.text && !area.value) area.value = item.body.text;
    }
  } catch {
    wait = pause;
  }
  busy = false;
  $("#offline").hidden = !wait;
  if (!wait) return post();
  for (const one of waiting) mark(one, words.waiting, "waiting");
  pause = Math.min(pause * 2, 30000);
  setTimeout(post, wait);
}
addEventListener("online", post);

function press(choice, box) {
  for (const button of box.querySelectorAll("button")) button.disabled = true;
  send({ choice: choice.id }, { text: choice.label });
  box.remove();
}

/* The buttons that the server drew press in the same way. */
document.querySelector("main").addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter;
  const choice = { id: button.value, label: button.textContent.trim() };
  if (starts(choice, "m:")) {
    button.disabled = true;
    send({ choice: choice.id }, null);
  } else press(choice, event.target);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = area.value.trim();
  const picked = file.files[0];
  if (picked) send({ file: picked, ...(text && { text }) }, { text: text || picked.name });
  else if (text) send({ text }, { text });
  form.reset();
  pick();
  grow();
  area.focus();
});

area.addEventListener("keydown", (event) => {
  const coarse = matchMedia("(pointer: coarse)").matches;
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || coarse) return;
  event.preventDefault();
  form.requestSubmit();
});

function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}
area.addEventListener("input", grow);

function pick() {
  const picked = file.files[0];
  $("#picked").hidden = !picked;
  $("#picked span").textContent = picked?.name || "";
}
file.addEventListener("change", pick);
$("#picked button").addEventListener("click", () => {
  file.value = "";
  pick();
});

/* Leaving: the words vanish first, then the session, then the page, and Back does not bring it back. */

function leave() {
  const exit = $("#exit");
  const neutral = exit.dataset.neutral;
  fetch(exit.action, { method: "POST", keepalive: true, redirect: "manual", headers: csrf ? { "X-CSRF-Token": csrf } : {} }).catch(() => {});
  document.title = "";
  document.body.replaceChildren();
  location.replace(neutral);
}
$("#exit").addEventListener("submit", (event) => {
  event.preventDefault();
  leave();
});
addEventListener("pageshow", (event) => event.persisted && location.reload());

/* Listening: what was missed first, then each message as it comes. */

async function missed() {
  const answer = await fetch(`/chat/messages?after=${last}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.ok) for (const message of (await answer.json()).messages) show(message);
}

function listen() {
  const live = new EventSource("/chat/stream");
  live.addEventListener("message", (event) => show(JSON.parse(event.data)));
  live.addEventListener("open", () => {
    missed();
    post();
  });
  live.addEventListener("error", () => {
    /* Refused for good, for instance by an outage: try again from the start. */
    if (live.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  });
}
listen();
if ($(".person", list)) scrollTo(0, document.documentElement.scrollHeight);
