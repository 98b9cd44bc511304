// <script async src="…/embed.js" data-campaign="slug" data-form="foot|banner|bar" data-code="…" data-lang="es"></script>
// No cookies; stores only that the reader closed it. Themes: --appeal-accent, -accent-ink, -paper, -ink, -font.
(() => {
  const tag = document.currentScript;
  const NAME = "campaign-appeal";
  const CLOSED_FOR = 90 * 86_400_000;
  const LONGEST = 60_000;
  const feeds = {};
  // The server inserts the text in every language.
  const SUPPORT = { en: "Support this newsroom" };

  const make = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, key) => values[key]);

  // `digits` comes with the unit: for some currencies, Stripe's minor unit is not the browser's.
  function money(minor, currency, { figures, digits }) {
    const format = (digits) => new Intl.NumberFormat(figures, { style: "currency", currency, maximumFractionDigits: digits, minimumFractionDigits: digits });
    const amount = minor / 10 ** digits;
    return format(Number.isInteger(amount) ? 0 : digits).format(amount);
  }

  // One stream per campaign, however many units are on the page; closed while the page is hidden.
  class Feed {
    readers = new Set();
    failures = 0;
    constructor(url) {
      this.url = url;
      document.addEventListener("visibilitychange", () => this.run());
    }
    add(reader) {
      this.readers.add(reader);
      if (this.last) reader(this.last);
      this.run();
    }
    delete(reader) {
      this.readers.delete(reader);
      this.run();
    }
    run() {
      clearTimeout(this.timer);
      const wanted = this.readers.size && !document.hidden;
      if (!wanted) this.source?.close();
      if (!wanted || (this.source && this.source.readyState < 2)) return;
      this.source = new EventSource(this.url);
      this.source.addEventListener("progress", ({ data }) => {
        this.failures = 0;
        this.last = JSON.parse(data);
        for (const reader of this.readers) reader(this.last);
      });
      this.source.onerror = () => {
        this.source.close();
        this.timer = setTimeout(() => this.run(), Math.min(LONGEST, 2000 * 2 ** this.failures++) * (0.5 + Math.random()));
      };
    }
  }

  const SHEET = `:host{all:initial!important;display:block!important;color-scheme:inherit!important}[hidden]{display:none!important}
.a{box-sizing:border-box;padding:1.25em 1em;border-block:3px double;background:var(--appeal-paper,Canvas);color:var(--appeal-ink,CanvasText);font-size:medium;font-family:var(--appeal-font,system-ui,sans-serif);line-height:1.5;text-align:start}
.a *{margin:0}h2{font:700 1.25em/1.2 var(--appeal-font,Charter,"Bitstream Charter",Cambria,Georgia,serif)}p{margin-top:.5em!important;font-variant-numeric:tabular-nums}
.m{display:flex;box-sizing:border-box;height:14px;margin-top:.75em!important;border:1px solid currentColor;overflow:hidden}.m i{height:100%;transition:width .6s}.r{background:currentColor}
.p{background:repeating-linear-gradient(45deg,currentColor 0 2px,transparent 2px 5px)}.t{background:radial-gradient(currentColor 1.2px,transparent 1.4px) 0 0/5px 5px}
.g{display:flex;flex-wrap:wrap;gap:.5em;margin-top:1em!important}a,button{box-sizing:border-box;min-height:2.75em;padding:.6em 1.1em;border:1px solid var(--appeal-accent,var(--a,#0b5a5c));background:var(--appeal-accent,var(--a,#0b5a5c));color:var(--appeal-accent-ink,var(--b,#fff));font:600 1em/1.4 var(--appeal-font,system-ui,sans-serif);text-decoration:none;cursor:pointer}
button{border-color:transparent;background:none;color:inherit;font-weight:400;text-decoration:underline}:focus-visible{outline:3px solid var(--appeal-accent,var(--a,#0b5a5c));outline-offset:2px}
.banner{display:flex;flex-wrap:wrap;align-items:center;gap:.25em 1em;padding:.5em 1em;border-block-width:1px;border-block-style:solid}.banner>*{margin-block:0!important}.banner .m{flex:1 1 8em}.bar{padding:0;border:0}.bar h2,.bar .g{display:none}
@media (prefers-reduced-motion:reduce){.m i{transition:none}}`;

  class Appeal extends HTMLElement {
    connectedCallback() {
      this.slug = this.getAttribute("campaign");
      this.home = this.getAttribute("home");
      this.key = `${NAME}:${this.slug}`;
      try {
        if (Date.now() - localStorage.getItem(this.key) < CLOSED_FOR) return this.remove();
      } catch { /* without storage, it is shown again */ }
      this.listen = (progress) => this.show(progress);
      this.ask();
    }
    disconnectedCallback() {
      clearTimeout(this.timer);
      this.feed?.delete(this.listen);
    }
    // Content inside the element stays until there is something to replace it.
    put(node) {
      if (!this.root) {
        this.root = this.attachShadow({ mode: "open" });
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(SHEET);
        this.root.adoptedStyleSheets = [sheet];
      }
      this.root.replaceChildren(node);
    }
    async ask() {
      const lang = this.getAttribute("lang") || document.documentElement.lang;
      const query = new URLSearchParams({ code: this.getAttribute("code") || "", ...(/^(en\b|$)/i.test(lang) ? {} : { lang }) });
      try {
        const answer = await fetch(`${this.home}/c/${this.slug}/embed.json?${query}`, { credentials: "omit" });
        this.said = await answer.json();
        this.build();
      } catch {
        if (this.said) return;
        // If the page's policy blocks the request, still link to the appeal.
        const link = make("a", { href: `${this.home}/c/${this.slug}?${query}`, part: "button" }, this.getAttribute("text") || SUPPORT[lang] || SUPPORT[lang.split("-")[0]] || SUPPORT.en);
        return this.put(make("div", { class: "a" }, link));
      }
      const stream = `${this.home}/c/${this.slug}/progress/stream`;
      this.feed = feeds[stream] ??= new Feed(stream);
      this.feed.add(this.listen);
    }
    build() {
      const { said } = this;
      this.bars = ["r", "p", "t"].map((name) => make("i", { class: name }));
      this.meter = make("div", { class: "m", role: "progressbar", "aria-label": said.label, "aria-valuemin": 0, "aria-valuemax": 100 }, ...this.bars);
      this.sentence = make("p");
      const links = said.links.map(({ text, url }) => make("a", { href: url, target: "_top", part: "button" }, text));
      const close = make("button", { type: "button" }, said.close);
      close.addEventListener("click", () => this.close());
      const form = this.getAttribute("form") || "foot";
      const shown = form === "banner" ? links.slice(-1) : links;
      const parts = [make("h2", { part: "headline" }, said.headline), ...(said.hidden ? [] : [this.meter]), this.sentence, make("div", { class: "g" }, ...shown, close)];
      this.put(make("section", { class: `a ${form}`, "aria-label": said.title, lang: said.lang, dir: said.dir, part: "unit" }, ...parts));
      if (said.accent[0]) ["--a", "--b"].forEach((name, place) => this.root.firstChild.style.setProperty(name, said.accent[place]));
      this.sentence.textContent = said.said;
      this.show(said.progress);
      this.dispatchEvent(new Event("appeal-shown", { bubbles: true }));
    }
    show(progress) {
      const { said } = this;
      if (!said.hidden) this.draw(progress);
      clearTimeout(this.timer);
      const old = said.progress;
      const met = (one) => !said.hidden && one.raised >= one.goal;
      const turned = ["state", "days_left", "deadline", "goal"].some((name) => progress[name] !== old[name]) || met(progress) !== met(old);
      if (turned || progress.seconds_left < 86_400) this.timer = setTimeout(() => this.ask(), turned ? 1000 * Math.random() : 60_000);
    }
    draw(progress) {
      const { said } = this;
      const { raised, pending, matched, goal, currency } = progress;
      const scale = Math.max(goal, raised + pending + matched) || 1;
      [raised, pending, matched].forEach((minor, place) => { this.bars[place].style.width = `${Math.max(0, (minor / scale) * 100)}%`; });
      const amounts = Object.fromEntries(Object.entries({ raised, pending, matched, goal }).map(([name, minor]) => [name, money(minor, currency, said)]));
      let text = fill(said.sentence, { ...amounts, percent: new Intl.NumberFormat(said.figures, { style: "percent", maximumFractionDigits: 1 }).format(progress.percent / 100) });
      for (const name of ["pending", "matched"]) if (progress[name]) text += fill(said[name], amounts);
      this.sentence.textContent = text;
      this.meter.setAttribute("aria-valuenow", Math.min(100, Math.max(0, progress.percent)));
      this.meter.setAttribute("aria-valuetext", text);
    }
    close() {
      try {
        localStorage.setItem(this.key, Date.now());
      } catch { /* closed for this visit only */ }
      this.dispatchEvent(new Event("appeal-closed", { bubbles: true }));
      this.remove();
    }
  }

  if (!customElements.get(NAME)) customElements.define(NAME, Appeal);
  if (!tag?.dataset.campaign) return;
  const home = tag.src.replace(/\/embed\.js.*$/, "");
  const { campaign, form = "foot", code = "", text = "", lang } = tag.dataset;
  tag.after(make(NAME, { home, campaign, form, code, text, ...(lang && { lang }) }));
})();
