// The order of pages and sounds: drawn from the session, so that a reload shows the same and every listener another.
// Knows nothing of the page.
"use strict";

/** A generator of numbers in [0, 1) from a text: FNV-1a into mulberry32. */
function generator(text) {
  let state = 0x811c9dc5;
  for (const letter of text) state = Math.imul(state ^ letter.codePointAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The same things in another order, each as likely (Fisher and Yates). */
function shuffled(things, random) {
  const found = [...things];
  for (let last = found.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [found[last], found[other]] = [found[other], found[last]];
  }
  return found;
}

/** The pages of one session: some of the test's items, their sounds in an order of their own. */
function pagesOf(test, session) {
  const random = generator(`${test.id} ${session}`);
  const items = shuffled(test.items, random).slice(0, test.perListener);
  return items.map((item) => ({ ...item, stimuli: shuffled(item.stimuli, random) }));
}

if (typeof module !== "undefined") module.exports = { generator, shuffled, pagesOf };
