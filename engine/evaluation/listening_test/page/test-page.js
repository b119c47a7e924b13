// The page of a listening test: a welcome, a page per piece, the end. Everything that is asked stands in test.js.
"use strict";

const ratings = new Ratings(TEST, storage());
const player = new Player(
  (code, seconds) => {
    if (!code) return; // The noise for the volume.
    ratings.hear(code, seconds);
    showHeard();
  },
  (code) => {
    if (!code) return;
    ratings.fail(code);
    showHeard();
  },
);
let pages = pagesOf(TEST, ratings.state.session);
const byId = (id) => document.getElementById(id);
const words = () => WORDS[ratings.state.language];

/** Where the browser keeps things; nothing at all where it keeps none. */
function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** An element with a class, words in it, and children. */
function made(tag, options = {}, ...children) {
  const { text, ...attributes } = options;
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) found.setAttribute(name, value);
  if (text !== undefined) found.textContent = text;
  found.append(...children);
  return found;
}

/** One question: a group of radio buttons. `chosen` is the answer so far, `answer` is told the new one. */
function question(name, title, hint, options, chosen, answer) {
  const legend = made("legend", { text: title });
  if (hint) legend.append(made("small", { text: hint }));
  const box = made("div", { class: hint === undefined ? "options long" : "options" });
  const group = made("fieldset", { "data-question": name }, legend, box);
  for (const [value, label, number] of options) {
    const input = made("input", { type: "radio", name, value });
    input.checked = value === chosen;
    input.addEventListener("change", () => {
      group.classList.remove("missing");
      byId("missing").textContent = "";
      answer(value);
    });
    const said = made("span");
    if (number !== undefined) said.append(made("b", { text: number }));
    said.append(label);
    box.append(made("label", {}, input, said));
  }
  return group;
}

function welcome(main) {
  const w = words();
  const minutes = pages.flatMap((page) => page.stimuli).reduce((sum, one) => sum + one.seconds, 0) / 60;
  const level = { code: "", file: TEST.level, seconds: 10 };
  const about = ratings.state.about;
  const asked = (name, title, options) =>
    question(name, title, undefined, Object.entries(options), about[name], (value) => {
      about[name] = value;
      ratings.save();
    });
  main.className = "narrow";
  main.append(
    made("h1", { text: TEST.title }),
    made("p", { text: w.welcome(pages.length, Math.max(Math.ceil(minutes), 1)) }),
    made("p", { text: w.how }),
    made("p", { class: "muted keys", text: w.keys }),
    made("section", { class: "card" }, made("div", { class: "head" }, made("h2", { text: w.volume })),
      made("p", { class: "muted", text: w.volumeHow }), player.row(level, w.noise, w)),
    made("section", { class: "card" }, made("div", { class: "head" }, made("h2", { text: w.about })),
      asked("device", w.device, w.devices), asked("experience", w.experience, w.experiences)),
  );
  if (!ratings.kept) main.append(made("p", { text: w.unstored, role: "alert" }));
}

/** A, B, C ... */
const letter = (index) => String.fromCharCode(65 + index);

function piece(main, page) {
  const w = words();
  main.className = "";
  if (page.prompt) main.append(made("p", { class: "label", text: w.prompt }));
  main.append(made("h1", { text: page.prompt || w.piece(ratings.state.step) }), made("p", { class: "muted", text: w.compare }));
  const sounds = made("div", { class: "sounds" });
  page.stimuli.forEach((stimulus, index) => {
    const name = w.sound(letter(index));
    const card = made("section", { class: "card", "data-code": stimulus.code, "aria-label": name },
      made("div", { class: "head" }, made("h2", { text: name }), made("span", { class: "state" })),
      player.row(stimulus, name, w));
    for (const asked of page.questions) {
      const scale = asked === "stereo" ? w.binary.map((word, n) => [n, word]) : w.scale.map((word, n) => [n + 1, word, n + 1]);
      const given = ratings.state.ratings[stimulus.code]?.[asked];
      const group = question(`${stimulus.code}-${asked}`, ...w.questions[asked], scale, given,
        (value) => ratings.rate(stimulus.code, asked, value));
      card.append(group);
    }
    sounds.append(card);
  });
  main.append(sounds);
  showHeard();
}

/** Says at every sound how much of it is still to be heard. */
function showHeard() {
  for (const stimulus of pages[ratings.state.step - 1]?.stimuli || []) {
    const state = document.querySelector(`[data-code="${stimulus.code}"] .state`);
    if (!state) continue;
    const left = ratings.left(stimulus);
    const broken = ratings.state.broken[stimulus.code];
    state.textContent = broken ? words().skipped : left ? words().hear(left) : `✓ ${words().heard}`;
    state.classList.toggle("full", !broken && !left);
  }
}

/** What is missing on the present page, and the element where it is; null if nothing. */
function missing() {
  const w = words();
  const { step, about } = ratings.state;
  if (step === 0) {
    const name = ["device", "experience"].find((each) => !about[each]);
    return name ? [w.missingAbout(w[name]), document.querySelector(`[data-question="${name}"]`)] : null;
  }
  const page = pages[step - 1];
  for (const [index, stimulus] of (page?.stimuli || []).entries()) {
    if (ratings.state.broken[stimulus.code]) continue;
    const sound = w.sound(letter(index));
    const card = document.querySelector(`[data-code="${stimulus.code}"]`);
    const left = ratings.left(stimulus);
    if (left) return [w.missingHeard(sound, left), card];
    const asked = page.questions.find((each) => ratings.state.ratings[stimulus.code]?.[each] === undefined);
    if (asked) {
      const group = card.querySelector(`[data-question="${stimulus.code}-${asked}"]`);
      return [w.missingRating(sound, w.questions[asked][0]), group];
    }
  }
  return null;
}

function comment(main) {
  const w = words();
  const text = made("textarea", { id: "comment", maxlength: "4000" });
  text.value = ratings.state.comment;
  text.addEventListener("input", () => {
    ratings.state.comment = text.value;
    ratings.save();
  });
  main.className = "narrow";
  main.append(made("h1", { text: w.last }), made("section", { class: "card" },
    made("div", { class: "head" }, made("h2", {}, made("label", { for: "comment", text: w.comment }))),
    made("p", { class: "muted", text: w.commentHow }), text));
}

function farewell(main) {
  const w = words();
  const { sent, saved } = ratings.state;
  const told = w.unsent + (TEST.contact ? w.sendTo(TEST.contact) : w.sendBack);
  const actions = made("div", { class: "actions" });
  const action = (text, act, main) => {
    const button = made("button", { type: "button", text, ...(main && { class: "main" }) });
    button.addEventListener("click", act);
    actions.append(button);
  };
  if (!sent) action(w.save, download, true);
  if (!sent && serves()) action(w.again, send);
  // The next listener's answers take the place of these.
  if (sent || saved) action(w.another, another);
  main.className = "narrow";
  main.append(made("h1", { text: w.thanks }), made("section", { class: "card", id: "end", "data-sent": sent },
    made("p", { text: sent ? w.stored : told }), actions));
}

const serves = () => location.protocol.startsWith("http");

/** Sends the answers where the page came from a server; whether it took them is shown. */
async function send() {
  byId("missing").textContent = serves() ? words().sending : "";
  try {
    if (serves()) {
      const body = JSON.stringify(ratings.answers(pages));
      const reply = await fetch("answers", { method: "POST", headers: { "Content-Type": "application/json" }, body });
      ratings.state.sent = reply.status === 201;
      ratings.save();
    }
  } catch {
    // The file to save is offered instead.
  }
  go(pages.length + 2);
}

function download() {
  const text = JSON.stringify(ratings.answers(pages), null, 1);
  const link = made("a", { download: `answers-${ratings.state.session}.json` });
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  ratings.state.saved = true;
  go(ratings.state.step);
}

function another() {
  ratings.anew();
  pages = pagesOf(TEST, ratings.state.session);
  go(0);
}

function go(step) {
  ratings.state.step = step;
  ratings.save();
  show();
  window.scrollTo(0, 0);
  byId("main").focus({ preventScroll: true });
}

function next() {
  const found = missing();
  if (found) {
    const [text, place] = found;
    byId("missing").textContent = text;
    place.classList.add("missing");
    place.scrollIntoView({ block: place.matches(".card") ? "start" : "center" });
    (place.querySelector("input:checked") || place.querySelector("input, button")).focus({ preventScroll: true });
  } else if (ratings.state.step > pages.length) {
    ratings.state.finished = new Date().toISOString();
    ratings.save();
    send();
  } else {
    go(ratings.state.step + 1);
  }
}

function show() {
  const { step, language } = ratings.state;
  const w = words();
  const main = byId("main");
  document.documentElement.lang = language;
  document.title = TEST.title;
  byId("title").textContent = TEST.title;
  byId("language").value = language;
  for (const said of document.querySelectorAll("[data-say]")) said.textContent = w[said.dataset.say];
  player.clear();
  main.replaceChildren();
  const count = pages.length;
  if (step === 0) welcome(main);
  else if (step <= count) piece(main, pages[step - 1]);
  else if (step === count + 1) comment(main);
  else farewell(main);
  byId("place").textContent = step > 0 && step <= count ? w.place(step, count) : "";
  byId("done").style.width = `${(100 * Math.min(Math.max(step - 1, 0), count)) / count}%`;
  byId("missing").textContent = "";
  byId("back").hidden = step === 0;
  byId("next").textContent = step === 0 ? w.begin : step > count ? w.send : w.next;
  document.querySelector("footer").hidden = step > count + 1;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, select")) return;
  const row = player.rows[Number(event.key) - 1];
  if (row) player.toggle(row);
  else if (event.key === " " && player.now && !event.target.closest("button, input")) {
    event.preventDefault();
    player.toggle(player.now);
  }
});
byId("next").addEventListener("click", next);
byId("back").addEventListener("click", () => go(ratings.state.step - 1));
byId("language").addEventListener("change", (event) => {
  ratings.state.language = event.target.value;
  ratings.save();
  show();
});

const own = (navigator.language || "").slice(0, 2);
ratings.state.language ??= TEST.language || (own in WORDS ? own : "en");
ratings.save();
show();
