// The whole document as a strip beside its text: where the answer has looked, and where it looks.

const BUCKETS = 512;

export class Overview {
  #canvas;
  #scroller;
  #tokens = 0;
  #sums = new Float64Array(BUCKETS);
  #now = [];
  #sources = [];
  #asked = false;

  /**
   * @param jump is called with the token that was clicked
   * @param view gives the tokens [from, to) in view
   */
  constructor(canvas, jump, view) {
    this.#canvas = canvas;
    this.#scroller = view;
    canvas.addEventListener("pointerdown", (event) => {
      const box = canvas.getBoundingClientRect();
      jump(Math.floor(((event.clientY - box.top) / box.height) * this.#tokens));
    });
    new ResizeObserver(() => this.redraw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  open(tokens) {
    this.#tokens = tokens;
    this.clear();
  }

  clear() {
    this.#sums.fill(0);
    this.#now = [];
    this.#sources = [];
    this.redraw();
  }

  step(spans) {
    this.#now = spans;
    for (const span of spans) {
      const first = this.#bucket(span.start);
      const last = this.#bucket(span.end - 1);
      for (let b = first; b <= last; b++) {
        this.#sums[b] += span.weight / (last - first + 1);
      }
    }
    this.redraw();
  }

  sources(spans) {
    this.#now = [];
    this.#sources = spans;
    this.redraw();
  }

  redraw() {
    if (!this.#asked) {
      this.#asked = true;
      requestAnimationFrame(() => {
        this.#asked = false;
        this.#draw();
      });
    }
  }

  #bucket(token) {
    return Math.min(BUCKETS - 1, Math.floor((token / Math.max(1, this.#tokens)) * BUCKETS));
  }

  #draw() {
    const canvas = this.#canvas;
    const scale = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const paint = canvas.getContext("2d");
    paint.scale(scale, scale);
    if (this.#tokens === 0) {
      return;
    }
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const most = Math.max(...this.#sums, 1e-12);
    paint.fillStyle = colour("--light");
    this.#sums.forEach((sum, b) => {
      if (sum > 0) {
        paint.globalAlpha = 0.2 + 0.8 * Math.sqrt(sum / most);
        paint.fillRect(2, (b / BUCKETS) * height, width - 4, Math.max(1.5, height / BUCKETS));
      }
    });
    paint.globalAlpha = 1;
    const tick = (span, name, inset) => {
      paint.fillStyle = colour(name);
      const top = (span.start / this.#tokens) * height;
      const tall = Math.max(3, ((span.end - span.start) / this.#tokens) * height);
      paint.fillRect(inset, Math.min(top, height - tall), width - 2 * inset, tall);
    };
    this.#sources.forEach((span) => tick(span, "--source", 0));
    this.#now.slice(0, 3).forEach((span) => tick(span, "--strong", 0));
    const [from, to] = this.#scroller();
    paint.strokeStyle = colour("--ink");
    paint.globalAlpha = 0.55;
    const top = (from / this.#tokens) * height;
    paint.strokeRect(0.5, top + 0.5, width - 1, Math.max(4, ((to - from) / this.#tokens) * height) - 1);
  }
}
