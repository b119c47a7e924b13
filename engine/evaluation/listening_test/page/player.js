// Plays the sounds of a page, one at a time, and counts what of each was heard. Knows nothing of ratings.
"use strict";

const ICONS = {
  play: '<svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true"><path d="M6 3.5v15l13-7.5z"/></svg>',
  pause: '<svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true"><path d="M5 3.5h4.5v15H5zM12.5 3.5H17v15h-4.5z"/></svg>',
};

/** Seconds as 4:45. */
function clock(seconds) {
  const whole = Math.floor(seconds + 0.05);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

class Player {
  /** `heard(code, seconds)` is called with what more of a sound was heard, `failed(code)` where it cannot be played. */
  constructor(heard, failed) {
    this.audio = new Audio();
    this.audio.preload = "auto";
    this.heard = heard;
    this.failed = failed;
    this.clear();
    for (const event of ["play", "pause", "ended", "timeupdate", "seeked", "error"]) {
      this.audio.addEventListener(event, () => this.changed(event));
    }
  }

  /** Forgets the sounds of the page that is left. */
  clear() {
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.rows = [];
    this.now = null;
    this.last = 0;
  }

  /** A player of one sound: a button, where it is, and its length. */
  row(stimulus, name, words) {
    const box = document.createElement("div");
    box.className = "player";
    box.innerHTML = '<button type="button" class="play"></button><input type="range" min="0" step="0.1" value="0">' +
      '<div class="times"><span>0:00</span><span></span></div>';
    const [button, range] = box.children;
    const [at, length] = box.querySelectorAll(".times span");
    const row = { stimulus, name, words, box, button, range, at, from: 0, broken: false };
    length.textContent = clock(stimulus.seconds);
    range.max = stimulus.seconds;
    range.setAttribute("aria-label", words.position(name));
    button.addEventListener("click", () => this.toggle(row));
    range.addEventListener("input", () => this.seek(row, Number(range.value)));
    this.rows.push(row);
    this.show(row);
    return box;
  }

  /** Plays the sound of a row from where it was, or pauses it; one that failed is fetched again. */
  toggle(row) {
    if (this.now === row && !row.broken && !this.audio.paused) return this.audio.pause();
    if (this.now !== row || row.broken) {
      this.audio.pause();
      this.count();
      const left = this.now;
      if (left && left !== row) left.from = this.audio.currentTime;
      this.now = row;
      this.audio.src = row.stimulus.file;
      this.audio.currentTime = row.from;
      this.last = row.from;
      if (left) this.show(left);
    }
    if (this.audio.ended) this.last = 0;
    row.broken = false;
    this.audio.play().catch(() => {});
  }

  /** Goes to a place in a sound, in s. */
  seek(row, seconds) {
    row.from = seconds;
    if (this.now === row) {
      this.count();
      this.audio.currentTime = seconds;
      this.last = seconds;
    }
    this.show(row);
  }

  pause() {
    this.audio.pause();
  }

  /** Counts what was heard since the last time; a jump was not heard. */
  count() {
    const step = this.audio.currentTime - this.last;
    if (this.now && step > 0 && step < 2) this.heard(this.now.stimulus.code, step);
    this.last = this.audio.currentTime;
  }

  changed(event) {
    const row = this.now;
    if (!row) return;
    if (event === "seeked") this.last = this.audio.currentTime;
    if (event !== "error") this.count();
    if (event === "error" && this.audio.hasAttribute("src")) {
      row.broken = true;
      this.failed(row.stimulus.code);
    }
    row.from = event === "ended" ? 0 : this.audio.currentTime;
    this.show(row);
  }

  show(row) {
    const playing = this.now === row && !row.broken && !this.audio.paused && !this.audio.ended;
    row.button.innerHTML = playing ? ICONS.pause : ICONS.play;
    row.button.setAttribute("aria-label", (playing ? row.words.pause : row.words.play)(row.name));
    row.range.value = row.from;
    row.range.style.setProperty("--at", `${(100 * row.from) / row.stimulus.seconds}%`);
    row.range.setAttribute("aria-valuetext", clock(row.from));
    row.at.textContent = row.broken ? row.words.broken : clock(row.from);
    row.box.closest(".card")?.classList.toggle("playing", playing);
  }
}

if (typeof module !== "undefined") module.exports = { clock };
