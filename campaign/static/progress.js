// Keeps the amount raised, the progress bar and the time left up to date. The page works without it; all texts are in
// the markup.
const box = document.querySelector("[data-progress]");
const words = box.dataset;
const language = document.documentElement.dataset.figures || "en";
const stretch = Number(words.stretch || 0);
// From the server: for some currencies, Stripe's minor unit is not the browser's.
const digits = Number(words.digits);
const parts = Object.fromEntries([...box.querySelectorAll("[data-part]")].map((it) => [it.dataset.part, it]));

const POLL = 4_000;
const LONGEST = 60_000;
const FAILURES_BEFORE_POLLING = 4;
const POLLS_BEFORE_STREAM = 30;
const MINUTE = 60_000;
const QUIET = 10 * MINUTE;
const DAY = 86_400;

let source, timer, clock, speech, latest;
let failures = 0;
let polls = 0;
let arrived = 0;
let spokenAt = 0;
let quarter;
let saidDays = Number(words.daysLeft);
let saidMet = Boolean(words.over);
let finished = Boolean(words.final);

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);
const say = (part, text) => parts[part].textContent !== text && (parts[part].textContent = text);
const jittered = (delay) => delay * (0.5 + Math.random());
const count = (n) => new Intl.NumberFormat(language).format(n);
// The plural form for a number: `days` with 9 uses the page's `data-days-other`.
function counted(name, n) {
  const plural = new Intl.PluralRules(language).select(n);
  const form = words[name + plural[0].toUpperCase() + plural.slice(1)] ?? words[`${name}Other`];
  return fill(form, { n: count(n) });
}
const unit = (n, name) =>
  new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "long" }).format(n);

function money(minor, currency) {
  const style = { style: "currency", currency };
  const amount = minor / 10 ** digits;
  const shown = Number.isInteger(amount) ? 0 : digits;
  style.minimumFractionDigits = style.maximumFractionDigits = shown;
  return new Intl.NumberFormat(language, style).format(amount);
}

// As the server writes it: 9:05 a.m. PST, with plain spaces.
function timeOfDay({ as_of: instant, timezone: timeZone }) {
  const style = { hour: "numeric", minute: "2-digit", timeZone, timeZoneName: "short" };
  const written = new Intl.DateTimeFormat(language, style).format(new Date(instant));
  return written.replace(/[\u202f\u00a0]/g, " ").replace("AM", "a.m.").replace("PM", "p.m.");
}

function drawBar(progress) {
  const { raised, pending, matched, goal } = progress;
  const asked = raised >= goal ? Math.max(goal, stretch) : goal;
  const scale = Math.max(asked, raised + pending + matched) || 1;
  const share = (minor) => `${Math.max(0, Math.round((minor / scale) * 10_000) / 100)}%`;
  const place = (part, from, width) => {
    parts[part].setAttribute("x", share(from));
    parts[part].setAttribute("width", share(width));
  };
  place("received", 0, raised);
  place("pending", Math.max(0, raised), pending);
  place("matched", Math.max(0, raised) + pending, matched);
  parts.goal.setAttribute("x", share(goal));
  parts["goal-text"].setAttribute("text-anchor", goal / scale < 0.35 ? "start" : "end");
  parts.meter.setAttribute("aria-valuenow", Math.min(100, Math.max(0, progress.percent)));
}

function sentence(progress, amounts) {
  const donors = counted("donors", progress.donors);
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 })
    .format(progress.percent / 100);
  const sentences = [fill(progress.donors ? words.sentence : words.sentenceEmpty, { ...amounts, donors, percent })];
  if (progress.pending) sentences.push(fill(words.pending, amounts));
  if (progress.matched) sentences.push(fill(words.matched, amounts));
  const { raised, goal, state } = progress;
  if (stretch && raised >= stretch) sentences.push(fill(words.furtherMet, amounts));
  else if (stretch && raised >= goal && state === "open") sentences.push(fill(words.further, amounts));
  return sentences.join(" ");
}

// Show a matching gift while its window is open and money is left in the pool.
function showOffers(progress) {
  if (parts.sponsor) {
    const { pool, others, offer } = parts.sponsor.dataset;
    const remaining = Number(pool) - (progress.matched - Number(others));
    parts.sponsor.hidden = remaining <= 0;
    say("sponsor", fill(offer, { remaining: money(Math.max(0, remaining), progress.currency) }));
  }
  for (const offer of box.querySelectorAll("[data-ends]")) {
    if (Date.parse(progress.as_of) >= Date.parse(offer.dataset.ends)) offer.hidden = true;
  }
}

// Screen readers announce milestones at once, everything else at most once a minute.
function speak(text, progress) {
  const reached = Math.floor(progress.percent / 25);
  const first = quarter === undefined;
  const milestone = !first && reached > quarter;
  quarter = reached;
  if (first) return;
  clearTimeout(speech);
  const wait = milestone ? 0 : Math.max(0, spokenAt + MINUTE - Date.now());
  speech = setTimeout(() => {
    spokenAt = Date.now();
    parts.spoken.textContent = text;
  }, wait);
}

const secondsLeft = () => latest.seconds_left - (Date.now() - arrived) / 1000;

function showCountdown() {
  if (latest.state !== words.state) {
    const ended = latest.final ? words.finished : words[latest.state];
    say("headline", ended);
    say("until", "");
    return;
  }
  if (latest.state !== "open") return;
  if (Date.parse(latest.deadline) !== Date.parse(words.deadline)) {
    say("headline", words.moved);
    say("until", "");
    return;
  }
  const seconds = Math.max(60, secondsLeft());
  const lastDay = seconds <= DAY;
  // While figures are hidden, the page does not say whether the goal is met.
  const met = Boolean(words.met) && latest.raised >= latest.goal;
  if (!lastDay && latest.days_left === saidDays && met === saidMet) return;
  saidDays = latest.days_left;
  saidMet = met;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const clockwise = [hours && unit(hours, "hour"), minutes && unit(minutes, "minute")];
  const left = lastDay
    ? fill(words.hours, { time: clockwise.filter(Boolean).join(" ") })
    : counted("days", Math.max(1, latest.days_left));
  const asked = words.sentence ? words.headline : "{left}";
  say("headline", fill(met ? words.met : asked, { left, goal: money(latest.goal, latest.currency) }));
  say("until", fill(words.until, { left }));
}

// Runs once a minute; also fetches progress at the deadline, or if the stream has been silent for too long.
function tick() {
  clearTimeout(clock);
  if (finished || document.hidden) return;
  if (latest) {
    showCountdown();
    const ended = latest.state === "open" && secondsLeft() <= 0;
    if (ended || Date.now() - arrived > QUIET) setTimeout(ask, jittered(2_000));
  }
  const untilNext = latest && latest.state === "open" ? (secondsLeft() % 60) * 1000 : 0;
  clock = setTimeout(tick, untilNext > 1_000 ? untilNext + 50 : MINUTE);
}

function show(progress) {
  if (latest && Date.parse(progress.as_of) < Date.parse(latest.as_of)) return;
  const changed = !latest || ["raised", "pending", "matched"].some((name) => latest[name] !== progress[name]);
  latest = progress;
  arrived = Date.now();
  showOffers(progress);
  if (parts.meter) showFigures(progress, changed);
  finished = progress.final;
  if (finished) {
    showCountdown();
    rest();
  } else tick();
}

function showFigures(progress, changed) {
  const { currency } = progress;
  const amounts = Object.fromEntries(
    ["raised", "goal", "pending", "matched"].map((name) => [name, money(progress[name], currency)]),
  );
  amounts.stretch = money(stretch, currency);
  const text = sentence(progress, amounts);
  drawBar(progress);
  say("raised", amounts.raised);
  say("goal-text", fill(words.goal, amounts));
  say("sentence", text);
  parts.meter.setAttribute("aria-valuetext", text);
  parts["as-of"].dateTime = progress.as_of;
  say("as-of", timeOfDay(progress));
  if (changed) speak(text, progress);
}

function rest() {
  clearTimeout(timer);
  clearTimeout(clock);
  source?.close();
  source = undefined;
}

function later(work, delay) {
  clearTimeout(timer);
  if (!finished && !document.hidden) timer = setTimeout(work, jittered(delay));
}

async function ask() {
  const answer = await fetch(words.progress, { credentials: "omit" });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  show(await answer.json());
}

async function poll() {
  polls += 1;
  try {
    await ask();
    failures = 0;
  } catch {
    failures += 1;
  }
  if (polls % POLLS_BEFORE_STREAM === 0 && "EventSource" in window) later(listen, POLL);
  else later(poll, Math.min(LONGEST, POLL * 2 ** failures));
}

// On an error, close the stream and reconnect ourselves: the browser's own retry has neither backoff nor jitter.
function listen() {
  source = new EventSource(words.stream);
  source.addEventListener("progress", (event) => {
    failures = 0;
    show(JSON.parse(event.data));
  });
  source.addEventListener("error", () => {
    source?.close();
    failures += 1;
    if (failures < FAILURES_BEFORE_POLLING) return later(listen, 1_000 * 2 ** (failures - 1));
    failures = 0;
    later(poll, POLL);
  });
}

function start() {
  rest();
  if (finished || document.hidden) return;
  failures = 0;
  if ("EventSource" in window) listen();
  else poll();
  tick();
}

document.addEventListener("visibilitychange", start);
window.addEventListener("pageshow", (event) => event.persisted && start());
window.addEventListener("pagehide", rest);
start();
