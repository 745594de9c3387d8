/* What script adds to the staff's desk: live counters, previews, shortcuts. Everything works without it. */
"use strict";

const $ = (query, root = document) => root.querySelector(query);
const $$ = (query, root = document) => [...root.querySelectorAll(query)];
const csrf = () => $("input[name=csrf]")?.value || "";

document.documentElement.classList.add("js");

/* Said to screen readers: counters politely, an urgent ticket at once. */

let urgent = Number(document.body.dataset.urgent || 0);

function say(text, id = "say") {
  const place = document.getElementById(id);
  if (place) place.textContent = text;
}

function count(queues) {
  for (const [queue, n] of Object.entries(queues || {})) {
    for (const place of $$(`[data-count="${CSS.escape(queue)}"]`)) {
      place.textContent = n || (place.classList.contains("badge") ? "" : "0");
      if (place.classList.contains("badge")) place.hidden = !n;
    }
  }
  if (queues && "urgent" in queues) {
    const more = queues.urgent > urgent;
    urgent = queues.urgent;
    if (more) say($("#say-now").dataset.urgent, "say-now");
    return more;
  }
  return false;
}

async function fetchPage(url) {
  const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
  if (!answer.ok || answer.redirected) throw new Error(`${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/* Many happenings at once make one look. */
function soon(look, wait = 400) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(look, wait);
  };
}

/* The inbox: nothing moves under the cursor. New rows wait behind a button. */

const fresh = $("#fresh");
let waiting = null;

function plural(n) {
  const form = new Intl.PluralRules(document.documentElement.lang).select(n);
  return (fresh.dataset[form] || fresh.dataset.other).replace("{n}", n);
}

const lookAtList = soon(async () => {
  const page = await fetchPage(location.href).catch(() => null);
  if (!page) return;
  const known = new Set($$("#list [data-row]").map((row) => row.dataset.row));
  const unknown = $$("#list [data-row]", page).filter((row) => !known.has(row.dataset.row));
  if (!unknown.length) return;
  waiting = page;
  $("span", fresh).textContent = plural(unknown.length);
  fresh.classList.toggle("danger", unknown.some((row) => row.classList.contains("urgent")));
  if (fresh.hidden) say(plural(unknown.length));
  fresh.hidden = false;
});

function showFresh() {
  if (!waiting) return;
  for (const id of ["list", "list-say", "queues"]) {
    const [old, now] = [document.getElementById(id), waiting.getElementById(id)];
    if (old && now) old.replaceWith(document.adoptNode(now));
  }
  waiting = null;
  fold();
  fresh.hidden = true;
  $("#list .row a")?.focus();
}

/* Between a phone's tabs and a desk's column the queues are a menu. */
const between = matchMedia("(min-width: 768px) and (max-width: 1099px)");
const fold = () => $$("[data-fold]").forEach((one) => (one.open = !between.matches));
between.addEventListener("change", fold);
fold();

$(".queues [aria-current], .settings-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
if (fresh) fresh.addEventListener("click", showFresh);
for (const select of $$("[data-filters] select")) select.addEventListener("change", () => select.form.requestSubmit());

/* A ticket: new messages come in, the draft stays. */

const ticket = $("[data-ticket]");
const composer = $("#composer");

/* What comes while the page lies behind others stays unread until somebody looks. */
function whenSeen(look) {
  if (document.hidden) document.addEventListener("visibilitychange", look, { once: true });
  return document.hidden;
}

const lookAtTicket = soon(async () => {
  if (whenSeen(lookAtTicket)) return;
  const box = $("#conversation");
  const page = await fetchPage(`${ticket.dataset.url}?part=conversation`).catch(() => null);
  const now = page && $(".items", page);
  const old = $(".items", box);
  if (!now || now.outerHTML === old.outerHTML) return;
  const open = $$("details[open]", old).map((one) => one.closest("[id]")?.id);
  const playing = $$("audio", old).some((one) => !one.paused);
  if (playing) return setTimeout(lookAtTicket, 5000);
  const before = old.dataset.last;
  old.replaceWith(document.adoptNode(now));
  for (const id of open) if (id) $(`[id="${id}"] details`)?.setAttribute("open", "");
  if (!composer || now.dataset.last === before) return;
  lookAtWindow();
  /* While something is being written, `seen` stays: the server will tell if somebody else has answered. */
  if ($("#text").value.trim()) $("[data-arrived]").hidden = false;
  else $("[name=seen]", composer).value = now.dataset.last;
  const last = $("li:last-child .bubble-head", now);
  if (last) say(last.textContent.replace(/\s+/g, " "));
});

/* Until when the chosen channel lets us write: it runs on, and opens anew with the person's words. */

const lookAtWindow = soon(async () => {
  if (whenSeen(lookAtWindow)) return;
  const via = () => $("[name=via]")?.value || "";
  const asked = via();
  const page = await fetchPage(`${ticket.dataset.url}/window?via=${asked}`).catch(() => null);
  if (page && via() === asked) $("[data-window]").replaceChildren(...page.body.childNodes);
});

if (composer) {
  setInterval(() => $(".window progress") && lookAtWindow(), 60000);
  $("[name=via]")?.addEventListener("change", lookAtWindow);
}

/* The preview: what the person will read, a moment after the writer pauses. */

function preview(form) {
  const mine = $("[name=text]", form);
  const theirs = $("[name=translation]", form);
  const corrected = $("[name=corrected]", form);
  const note = $(".preview-say", form);
  if (!theirs || !note) return;
  const words = ($("#composer .preview-say") || note).dataset;
  const button = $("[data-send]", form);
  const label = button && $("span", button);
  const usual = label?.textContent;
  let turn = 0;

  function tell(kind, sentences) {
    note.replaceChildren(...sentences.map((sentence) => {
      const line = document.createElement("span");
      line.className = kind;
      line.textContent = sentence;
      return line;
    }));
  }

  const ask = soon(async () => {
    const text = mine.value.trim();
    const mineTurn = ++turn;
    if (!text) {
      theirs.value = "";
      return tell("", []);
    }
    tell("", [words.working]);
    let answer = null;
    try {
      const response = await fetch(form.dataset.preview, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
        body: JSON.stringify({ text }),
      });
      if (response.ok) answer = await response.json();
    } catch { /* offline: said below like a translator that does not answer */ }
    if (mineTurn !== turn || corrected?.value) return;
    theirs.value = answer?.same ? text : answer?.text || "";
    const missing = !answer || (!answer.same && answer.text === null);
    if (label) label.textContent = missing ? button.dataset.plain : usual;
    if (missing) tell("warn", [words.missing]);
    else if (answer.warnings?.length) tell("warn", answer.warnings);
    else tell("ok", [words.same]);
    grow(theirs);
  }, 600);

  mine.addEventListener("input", () => {
    if (!corrected?.value) return ask();
    tell("", [words.own]);
    const again = document.createElement("button");
    again.type = "button";
    again.className = "link";
    again.textContent = words.again;
    again.addEventListener("click", () => {
      corrected.value = "";
      ask();
    });
    note.append(again);
  });
  theirs.addEventListener("input", () => {
    if (corrected) corrected.value = theirs.value.trim() ? "1" : "";
    if (label) label.textContent = usual;
    tell("", [words.own]);
  });
}

/* Files for the person: chosen, dropped or pasted; shown before they go, and each can be taken away again. */

function attach(form) {
  const input = $("[type=file]", form);
  const place = $("[data-picked]", form);
  const words = place.dataset;
  let picked = [];

  function set(files) {
    const held = new DataTransfer();
    for (const file of files) held.items.add(file);
    input.files = held.files;
    picked = [...input.files];
    const all = picked.reduce((sum, file) => sum + file.size, 0);
    const wrong = picked.length > Number(words.most) ? words.many : all > Number(words.bytes) ? words.big : "";
    input.setCustomValidity(wrong);
    $(".warn", place).textContent = wrong;
    $("ul", place).replaceChildren(...picked.map(shown));
    place.hidden = !picked.length;
  }

  function shown(file) {
    const line = document.createElement("li");
    const name = document.createElement("span");
    const size = document.createElement("span");
    const remove = document.createElement("button");
    name.textContent = file.name;
    size.className = "second";
    size.textContent = file.size > 500000 ? `${(file.size / 1048576).toFixed(1).replace(".", ",")} MB` : `${Math.max(1, Math.round(file.size / 1024))} kB`;
    Object.assign(remove, { type: "button", className: "link", textContent: "✕", ariaLabel: words.remove.replace("{name}", file.name) });
    remove.addEventListener("click", () => {
      set(picked.filter((one) => one !== file));
      input.focus();
    });
    line.append(name, size, remove);
    return line;
  }

  const add = (files) => set([...picked, ...files]);
  input.addEventListener("change", () => add(input.files));
  form.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  form.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length || input.disabled) return;
    event.preventDefault();
    add(event.dataTransfer.files);
  });
  $("#text").addEventListener("paste", (event) => {
    /* A program that copies text often adds a picture of it. */
    if (!event.clipboardData.files.length || event.clipboardData.types.includes("text/plain") || input.disabled) return;
    event.preventDefault();
    add(event.clipboardData.files);
  });
  /* A browser that comes back to the page brings the files, and they must be seen. */
  set(input.files);
  addEventListener("pageshow", () => set(input.files));
  /* A note stays inside: it takes no files along. */
  const mind = () => (input.disabled = $("#kind-note").checked);
  for (const kind of $$("[name=kind]", form)) kind.addEventListener("change", mind);
  mind();
}

/* The composer opens when one comes to it, and closes when one leaves it with nothing written or added. A press on one of its
   labels gives the focus for a moment to what lies around it: that is not leaving. */
if (composer) {
  attach(composer);
  const leaves = ({ type, target }) => {
    if (composer.contains(target) || (type === "focusin" && target.contains(composer))) return;
    if (!$("#text").value && !$("[type=file]", composer).files.length) delete composer.dataset.open;
  };
  composer.addEventListener("focusin", () => (composer.dataset.open = ""));
  document.addEventListener("pointerdown", leaves);
  document.addEventListener("focusin", leaves);
}

function grow(area) {
  if (CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}

for (const form of $$("[data-preview]")) preview(form);
for (const area of $$(".beside textarea")) {
  area.addEventListener("input", () => grow(area));
  grow(area);
}

function write(kind) {
  if (!composer) return false;
  $(`#kind-${kind}`).click();
  composer.dataset.open = "";
  $("#text").focus();
  return true;
}

/* One press, one message: the key makes a repeat harmless, this keeps the button honest. */
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => $$("[data-sent]").forEach((form) => delete form.dataset.sent));

/* Menus and sheets close by Escape and by a press elsewhere; toasts after ten seconds. */

document.addEventListener("click", (event) => {
  for (const menu of $$(between.matches ? ".menu[open], [data-fold][open]" : ".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

function close() {
  const menu = $(".menu[open]");
  if (menu) {
    menu.open = false;
    $("summary", menu).focus();
  } else if (["#panel", "#acts", "#tools"].includes(location.hash)) location.hash = "";
  else if (document.activeElement?.matches("input, textarea, select")) document.activeElement.blur();
}

/* A closed sheet gives the focus back to what opened it. */
addEventListener("hashchange", (event) => {
  const was = new URL(event.oldURL).hash;
  if (!location.hash && was) $$("a").find((one) => one.getAttribute("href") === was)?.focus();
});

for (const toast of $$("[data-toast]")) {
  let timer = 0;
  const start = () => (timer = setTimeout(() => toast.remove(), 10000));
  const stay = () => clearTimeout(timer);
  for (const [happening, act] of [["mouseenter", stay], ["focusin", stay], ["mouseleave", start], ["focusout", start]]) toast.addEventListener(happening, act);
  start();
}

/* Shortcuts. Single letters can be switched off in one's own menu. */

function move(step) {
  const links = $$("#list .row a, .entries .entry a.one");
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = links[Math.min(Math.max(at + step, 0), links.length - 1)];
  next.focus({ preventScroll: true });
  next.closest("li").scrollIntoView({ block: "nearest" });
}

function act(name) {
  const row = document.activeElement?.closest(".row");
  const place = $(`[data-act="${name}"]`, row || document);
  if (!place) return;
  if (place.matches("summary")) {
    place.parentElement.open = true;
    $("select, input, textarea, button", place.nextElementSibling)?.focus();
  } else place.click();
}

const LETTERS = {
  j: () => move(1),
  k: () => move(-1),
  r: () => write("reply"),
  n: () => write("note"),
  a: () => act("assign"),
  e: () => act("close"),
  p: () => act("take"),
  u: () => act("undo"),
  ".": showFresh,
  "/": () => $("#q")?.focus(),
  "?": () => $("#keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("dialog[open]")) return close();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest("form");
    const button = form && $$(".button.primary", form).find((one) => one.offsetParent && !one.disabled);
    if (!button || !event.target.matches("textarea")) return;
    event.preventDefault();
    return form.requestSubmit(button);
  }
  if (event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keys !== "on") return;
  if (event.target.matches("input, textarea, select, [contenteditable]") || $("dialog[open]")) return;
  const letter = LETTERS[event.key];
  if (!letter) return;
  event.preventDefault();
  letter();
});

/* Live: the server tells that something changed, never what was said. */

let lost = false;

function listen() {
  const live = new EventSource(document.body.dataset.live);
  live.addEventListener("changed", (event) => {
    const { queues, tickets } = JSON.parse(event.data);
    count(queues);
    if (fresh) lookAtList();
    if (ticket && (tickets || []).includes(ticket.dataset.ticket)) lookAtTicket();
  });
  live.addEventListener("error", () => {
    lost = true;
    /* After a break a browser tries again by itself, and never after an answer that is no stream. */
    if (live.readyState === EventSource.CLOSED) setTimeout(listenAgain, 5000);
  });
  live.addEventListener("open", () => {
    /* After a break the page may have missed something: look once. */
    if (lost && fresh) lookAtList();
    if (lost && ticket) lookAtTicket();
    lost = false;
  });
}

/* A page that is signed out and hears nothing any more must not look as if all were quiet; a draft stays. */
async function listenAgain() {
  const once = new AbortController();
  const answer = await fetch(document.body.dataset.live, { redirect: "manual", signal: once.signal }).catch(() => null);
  once.abort();
  const writing = $$("textarea").some((one) => one.value.trim());
  if (answer?.type === "opaqueredirect" && !writing) location.reload();
  else listen();
}

if (document.body.dataset.live && "EventSource" in window) listen();
