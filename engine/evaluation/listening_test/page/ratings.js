// The answers of one session: kept in the browser after every change, and in the form that is sent. Knows nothing of how
// they are shown.
"use strict";

class Ratings {
  constructor(test, storage) {
    this.test = test;
    this.storage = storage;
    this.key = `longtake ${test.id}`;
    this.kept = true;
    this.state = this.read() || this.fresh();
  }

  fresh() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return {
      session: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
      language: null, step: 0, started: new Date().toISOString(), finished: null, sent: false,
      saved: false, about: {}, ratings: {}, heard: {}, broken: {}, comment: "",
    };
  }

  read() {
    try {
      const kept = JSON.parse(this.storage.getItem(this.key));
      return kept && { ...this.fresh(), ...kept };
    } catch {
      return null;
    }
  }

  save() {
    try {
      this.storage.setItem(this.key, JSON.stringify(this.state));
    } catch {
      this.kept = false;
    }
  }

  /** Begins anew, for another listener on the same device. */
  anew() {
    this.state = { ...this.fresh(), language: this.state.language };
    this.save();
  }

  rate(code, question, value) {
    (this.state.ratings[code] ??= {})[question] = value;
    this.save();
  }

  hear(code, seconds) {
    delete this.state.broken[code];
    this.state.heard[code] = (this.state.heard[code] || 0) + seconds;
    this.save();
  }

  /** Notes that a sound cannot be played here: it may be left out, until some of it is heard after all. */
  fail(code) {
    this.state.broken[code] = true;
    this.save();
  }

  /** Whole seconds of a sound that are still to be heard; 0 if enough were. */
  left(stimulus) {
    // Players report the last moments of a sound late or not at all.
    const wanted = Math.min(this.test.listen, stimulus.seconds - 0.3);
    return Math.max(Math.ceil(wanted - (this.state.heard[stimulus.code] || 0)), 0);
  }

  /** What is sent: the answers, where every sound stood, and nothing that tells who it was. */
  answers(pages) {
    const { session, language, started, finished, about, ratings, heard, broken, comment } = this.state;
    const order = pages.map((page) => page.stimuli.map((one) => one.code));
    return { test: this.test.id, session, language, started, finished, about, ratings, heard, broken, order, comment };
  }
}

if (typeof module !== "undefined") module.exports = { Ratings };
