// What lies lit in the text of a document. Ranges are painted by the browser (CSS Custom Highlight
// API), so that text and layout stay untouched while an answer runs.

const CLASSES = ["source", "trail", "lit-1", "lit-2", "lit-3", "chosen"];

export class Lights {
  #rangeOf;
  #sets = new Map();

  /**
   * @param rangeOf gives the DOM ranges of tokens [start, end) that are in the page now
   */
  constructor(rangeOf) {
    this.#rangeOf = rangeOf;
    if (!("highlights" in CSS)) {
      return;
    }
    CLASSES.forEach((name, priority) => {
      const highlight = new Highlight();
      highlight.priority = priority;
      CSS.highlights.set(name, highlight);
      this.#sets.set(name, { highlight, spans: [] });
    });
  }

  /** Spans under one name, in place of those before. */
  set(name, spans) {
    const set = this.#sets.get(name);
    if (set) {
      set.spans = spans;
      this.#paint(set);
    }
  }

  /** A step's spans, by how much they weigh against the best. */
  step(spans) {
    const best = Math.max(...spans.map((span) => span.weight), 1e-12);
    const level = (span) => (span.weight > best / 2 ? 3 : span.weight > best / 5 ? 2 : 1);
    for (const n of [1, 2, 3]) {
      this.set(`lit-${n}`, spans.filter((span) => level(span) === n));
    }
  }

  clear() {
    CLASSES.forEach((name) => this.set(name, []));
  }

  /** Text has come or gone. */
  repaint() {
    this.#sets.forEach((set) => this.#paint(set));
  }

  #paint({ highlight, spans }) {
    highlight.clear();
    for (const span of spans) {
      for (const range of this.#rangeOf(span.start, span.end)) {
        highlight.add(range);
      }
    }
  }
}
