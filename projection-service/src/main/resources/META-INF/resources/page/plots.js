import { at, element, tell } from './elements.js';
import { kindOf } from './stream.js';
import { KINDS, clock, count, milliseconds, rate } from './words.js';

const SECONDS = 300;
/** So many of a second's latencies are enough for its percentiles. */
const SAMPLES = 2000;
const MARGIN = { left: 48, right: 6, top: 8, bottom: 18 };

/** One for each second, the newest last. */
const seconds = Array.from({ length: SECONDS }, second);
let newest = now();

function second() {
  return { all: 0, kinds: {}, latencies: [] };
}

function now() {
  return Math.floor(Date.now() / 1000);
}

/** Moves the window on; a clock that was set back leaves it where it is. */
function advance() {
  const steps = Math.min(SECONDS, Math.max(0, now() - newest));
  for (let i = 0; i < steps; i++) {
    seconds.shift();
    seconds.push(second());
  }
  newest = Math.max(newest, now());
}

/** Counts an event that passed. */
export function measure(event) {
  advance();
  const bucket = seconds.at(-1);
  const kind = kindOf(event);
  bucket.all++;
  bucket.kinds[kind] = (bucket.kinds[kind] ?? 0) + 1;
  // an event seen before says nothing of how fast we are
  if (event.latencyMs != null && event.effect === 'applied' && bucket.latencies.length < SAMPLES) {
    bucket.latencies.push(Math.max(0, event.latencyMs));
  }
}

/** Counts events that passed without this page seeing them. */
export function measureUnseen(number) {
  advance();
  seconds.at(-1).all += number;
}

/** The value that a share of all does not exceed; undefined of none. */
function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1];
}

function draw() {
  advance();
  if (document.hidden) return;
  const full = seconds.slice(-6, -1);
  tell('rate', rate(full.reduce((sum, { all }) => sum + all, 0) / full.length));
  const minute = seconds.slice(-60).flatMap(({ latencies }) => latencies);
  tell('latency', minute.length ? milliseconds(percentile(minute, 0.5)) : '–');
  tell('latency-note', minute.length ? `p99 ${milliseconds(percentile(minute, 0.99))}, last minute` : 'last minute');
  drawRates();
  drawLatencies();
}

function drawRates() {
  const plot = canvas('rate-plot');
  const top = roundedUp(Math.max(4, ...seconds.map(({ all }) => all)));
  const y = value => plot.bottom - (value / top) * plot.height;
  for (const tick of [0, top / 2, top]) plot.grid(y(tick), count(tick));
  const base = new Array(SECONDS).fill(0);
  const totals = {};
  for (const kind of [...Object.keys(KINDS), 'missed']) {
    let path = '';
    seconds.forEach((bucket, i) => {
      const seen = Object.values(bucket.kinds).reduce((sum, number) => sum + number, 0);
      const value = kind === 'missed' ? bucket.all - seen : (bucket.kinds[kind] ?? 0);
      if (!value) return;
      path += `M${plot.x(i)} ${y(base[i])}V${y(base[i] + value)}h${plot.step}V${y(base[i])}z`;
      base[i] += value;
      totals[kind] = (totals[kind] ?? 0) + value;
    });
    plot.path(`bar ${kind}`, path);
  }
  plot.show();
  at('rate-legend').replaceChildren(
    ...Object.entries({ ...KINDS, ...(totals.missed && { missed: 'not shown' }) })
      .map(([kind, name]) => element('li', { className: kind }, `${name} `, element('b', {}, count(totals[kind] ?? 0)))));
}

function drawLatencies() {
  const plot = canvas('latency-plot');
  const p50 = seconds.map(({ latencies }) => percentile(latencies, 0.5));
  const p99 = seconds.map(({ latencies }) => percentile(latencies, 0.99));
  const most = Math.max(100, ...p99.filter(value => value !== undefined));
  const decades = Math.ceil(Math.log10(most) - 1e-9);
  const y = value => plot.bottom - (Math.log10(Math.max(1, value)) / decades) * plot.height;
  for (let decade = 0; decade <= decades; decade++) plot.grid(y(10 ** decade), milliseconds(10 ** decade));
  plot.path('line p99', line(p99, plot, y));
  plot.path('line p50', line(p50, plot, y));
  plot.show();
}

/** Joined where seconds follow each other; a single one is a dot. */
function line(values, plot, y) {
  let path = '';
  values.forEach((value, i) => {
    if (value === undefined) return;
    const joined = i > 0 && values[i - 1] !== undefined;
    path += `${joined ? 'L' : 'M'}${plot.x(i) + plot.step / 2} ${y(value)}${joined ? '' : 'h.01'}`;
  });
  return path;
}

/** Draws into an SVG of its present size. */
function canvas(id) {
  const svg = at(id);
  const { width, height } = svg.getBoundingClientRect();
  const bottom = height - MARGIN.bottom;
  const step = (width - MARGIN.left - MARGIN.right) / SECONDS;
  const drawn = [];
  const add = (tag, attributes, text) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text) made.textContent = text;
    drawn.push(made);
  };
  const x = i => MARGIN.left + i * step;
  for (const minutes of [5, 4, 3, 2, 1]) {
    add('text', { x: x(SECONDS - minutes * 60), y: height - 3, class: 'tick' }, `−${minutes} min`);
  }
  return {
    x,
    step,
    bottom,
    height: bottom - MARGIN.top,
    grid(y, label) {
      add('line', { x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y, class: 'grid' });
      add('text', { x: MARGIN.left - 6, y: y + 4, class: 'tick end' }, label);
    },
    path: (kind, d) => add('path', { d, class: kind }),
    show: () => svg.replaceChildren(...drawn),
  };
}

/** The next of 1, 2, 4, 10, 20, …: a half of it is round too. */
function roundedUp(value) {
  const decade = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 10].find(step => step * decade >= value) * decade;
}

/** Tells the second under the pointer. */
function read(id, words) {
  const svg = at(`${id}-plot`);
  svg.onpointermove = event => {
    const { left, width } = svg.getBoundingClientRect();
    const share = (event.clientX - left - MARGIN.left) / (width - MARGIN.left - MARGIN.right);
    const i = Math.min(SECONDS - 1, Math.max(0, Math.floor(share * SECONDS)));
    const when = clock((newest - SECONDS + 1 + i) * 1000).slice(0, 8);
    at(`${id}-reading`).textContent = `${when}  ${words(seconds[i])}`;
  };
  svg.onpointerleave = () => (at(`${id}-reading`).textContent = '');
}

read('rate', bucket => rate(bucket.all));
read('latency', ({ latencies }) =>
  latencies.length ? `p50 ${milliseconds(percentile(latencies, 0.5))}, p99 ${milliseconds(percentile(latencies, 0.99))}` : 'no events');
setInterval(draw, 1000);
new ResizeObserver(draw).observe(at('rate-plot'));
