import { at, element } from './elements.js';
import { change, inALine } from './differences.js';
import { kindOf } from './stream.js';
import { KINDS, brief, clock, count, milliseconds, sign } from './words.js';

const SHOWN = 200;
/** More than are shown, so that a filter finds some among those that passed already. */
const KEPT = 2000;
/** However fast events pass, the list moves at a pace that a browser bears. */
const REDRAW_MS = 200;
const CHANGES_IN_A_LINE = 4;

const list = at('events');
const pause = at('pause');
const keyFilter = at('key-filter');
const hiddenKinds = new Set();

let kept = [];
let fresh = [];
let paused = false;
let leftOut = 0;

/** Takes an event that passed. */
export function show(event) {
  fresh.push(event);
  if (fresh.length > KEPT) fresh.shift();
}

/** Takes note of events that this page was too slow for. */
export function leaveOut(number) {
  leftOut += number;
  at('events-note').textContent = `${count(leftOut)} left out: they passed faster than this page can take them`;
}

/** Marks where the connection was lost: what passed meanwhile comes after it. */
export function markGap() {
  const last = fresh.at(-1) ?? kept.at(-1);
  if (last && !last.gap) show({ gap: true });
}

function matches(event) {
  if (event.gap) return true;
  const part = keyFilter.value.trim().toLowerCase();
  const names = `${event.key ?? ''} ${event.eventType ?? ''}`.toLowerCase();
  return !hiddenKinds.has(kindOf(event)) && names.includes(part);
}

function draw() {
  if (paused) {
    pause.textContent = fresh.length ? `Resume (${count(fresh.length)})` : 'Resume';
  } else if (fresh.length) {
    kept = kept.concat(fresh).slice(-KEPT);
    list.prepend(...rows(fresh));
    fresh = [];
    while (list.children.length > SHOWN) list.lastElementChild.remove();
    at('events-empty').hidden = list.children.length > 0;
  }
}

function redraw() {
  list.replaceChildren(...rows(kept));
  at('events-empty').hidden = list.children.length > 0;
  if (kept.length) at('events-empty').textContent = 'None of the events that passed is like this.';
}

const rows = events => events.filter(matches).slice(-SHOWN).reverse().map(row);

function row(event) {
  if (event.gap) return element('li', { className: 'gap' }, 'the connection was lost here, and the events continue');
  const kind = kindOf(event);
  const parts = [
    element('time', { dateTime: event.appliedAt }, clock(event.appliedAt)),
    element('span', { className: 'op', role: 'img', 'aria-label': KINDS[kind] ?? kind, title: KINDS[kind] ?? kind }, sign(kind)),
    element('span', { className: 'type' }, event.eventType ?? KINDS[kind]),
    element('code', { title: event.key ?? '' }, event.key ? brief(event.key) : 'no key'),
    element('span', { className: 'version' }, event.version ? `v${event.version}` : ''),
    element('span', { className: 'changes' }, ...told(event)),
    element('span', { className: 'latency' }, event.latencyMs == null ? '' : milliseconds(event.latencyMs)),
  ];
  const ofAnOrder = event.topic.startsWith('order.') && event.key;
  const line = ofAnOrder ? element('a', { href: `#/orders/${event.key}` }, ...parts) : element('div', {}, ...parts);
  return element('li', { className: `event ${kind} ${event.effect}` }, line);
}

function told(event) {
  if (event.reason) return [element('span', { className: 'reason' }, event.reason)];
  const changes = inALine(event);
  const shown = changes.slice(0, CHANGES_IN_A_LINE).map(change);
  if (changes.length > CHANGES_IN_A_LINE) {
    shown.push(element('span', { className: 'more' }, `and ${changes.length - CHANGES_IN_A_LINE} more`));
  }
  if (event.effect === 'ignored') shown.unshift(element('span', { className: 'ignored' }, 'nothing changed'));
  return shown;
}

pause.onclick = () => {
  paused = !paused;
  pause.setAttribute('aria-pressed', paused);
  pause.textContent = paused ? 'Resume' : 'Pause';
};
keyFilter.oninput = redraw;
for (const [kind, name] of Object.entries(KINDS)) {
  const box = element('input', { type: 'checkbox', checked: true });
  box.onchange = () => {
    if (box.checked) hiddenKinds.delete(kind);
    else hiddenKinds.add(kind);
    redraw();
  };
  at('operations').append(element('label', { className: `chip ${kind}` }, box, name));
}
setInterval(draw, REDRAW_MS);
