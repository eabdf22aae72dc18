import { call } from './access.js';
import { at, element, get, poll, tell } from './elements.js';
import { brief, count, moment } from './words.js';

const EVERY_MS = 5000;

/** What was last said of a letter, by its id. */
const replies = new Map();
const busy = new Set();
let letters = [];
let drawn = '';

/** Asks for the dead letters now. */
export const refresh = poll('dead-letters?limit=200', EVERY_MS, take);

function take({ body, next, missing }) {
  if (!body) {
    letters = [];
    tell('letters-count', '–');
    tell('letters-note', missing ? 'not offered here' : 'no answer', missing ? undefined : 'bad');
    at('letters-empty').textContent = missing ? 'This service keeps no dead letters to look at.' : 'The dead letters do not answer at the moment.';
  } else {
    letters = body;
    for (const id of replies.keys()) if (!letters.some(letter => String(letter.id) === id)) replies.delete(id);
    tell('letters-count', count(letters.length) + (next ? '+' : ''), letters.length ? 'bad' : 'good');
    tell('letters-note', letters.length ? 'set aside, wait for you' : 'every record could be read');
    at('letters-empty').textContent = letters.length ? '' : 'None. A record that cannot be read or breaks a rule is set aside here, and those behind it go on.';
  }
  draw();
}

/** Leaves the table alone while nothing changes, so that neither focus nor an open value is lost. */
function draw() {
  const look = JSON.stringify([letters, [...replies], [...busy]]);
  if (look === drawn) return;
  drawn = look;
  const focus = document.activeElement?.dataset.action;
  const open = new Set([...at('letters').querySelectorAll('details[open]')].map(details => details.dataset.id));
  at('letters').replaceChildren(...letters.map(letter => row(letter, open)));
  at('letters').closest('table').hidden = letters.length === 0;
  if (focus) at('letters').querySelector(`[data-action="${CSS.escape(focus)}"]`)?.focus();
}

function row(letter, open) {
  const id = String(letter.id);
  const record = `${letter.topic}-${letter.partition}@${letter.offset}`;
  const reason = element('td', { className: 'reason' }, letter.reason, content(id, open.has(id)));
  if (replies.has(id)) reason.append(element('p', { className: 'reply', role: 'alert' }, replies.get(id)));
  return element('tr', {},
    element('td', {}, moment(letter.receivedAt)),
    element('td', {}, element('code', {}, record)),
    element('td', {}, element('code', { title: letter.key ?? '' }, letter.key ? brief(letter.key) : 'no key')),
    reason,
    element('td', {}, count(letter.attempts ?? 0)),
    element('td', { className: 'buttons' },
      button('Replay', id, record, () => replay(id, record)),
      button('Discard', id, record, () => discard(id, record, letter.reason))));
}

/** The record itself, fetched when somebody opens it. */
function content(id, open) {
  const text = element('pre');
  const details = element('details', { 'data-id': id, open }, element('summary', {}, 'record'), text);
  details.ontoggle = async () => {
    if (!details.open) return;
    const { body } = await get(`dead-letters/${encodeURIComponent(id)}`);
    text.textContent = body
      ? [...body.headers.map(({ name, value }) => `${name}: ${value}`), '', body.value ?? 'no value'].join('\n')
      : 'The service does not show it.';
  };
  return details;
}

function button(name, id, record, act) {
  return element('button', {
    type: 'button',
    onclick: () => busy.has(id) || act(),
    'aria-disabled': busy.has(id), // not disabled, for that would lose the focus
    'data-action': `${name} ${id}`,
    'aria-label': `${name} ${record}`,
  }, name);
}

async function replay(id, record) {
  const answer = await send(id, 'POST', `dead-letters/${encodeURIComponent(id)}/replay`);
  if (answer) at('letters-said').textContent = `Replayed ${record}: ${answer.effect}.`;
}

function discard(id, record, reason) {
  at('discard-what').textContent = `${record}: ${reason}`;
  const dialog = at('discard');
  dialog.returnValue = '';
  dialog.onclose = async () => {
    if (dialog.returnValue !== 'discard') return;
    const gone = await send(id, 'DELETE', `dead-letters/${encodeURIComponent(id)}`);
    if (gone) at('letters-said').textContent = `Discarded ${record}.`;
  };
  dialog.showModal();
}

/** What the service answered, {} for nothing; undefined where it refused, and the letter says why. */
async function send(id, method, address) {
  busy.add(id);
  replies.delete(id);
  draw();
  let said;
  try {
    const answer = await call(address, { method });
    if (answer.ok) said = answer.status === 204 ? {} : await answer.json();
    else replies.set(id, await refusal(answer));
  } catch {
    replies.set(id, 'The service does not answer; nothing is known of what became of it.');
  }
  busy.delete(id);
  draw();
  refresh();
  return said;
}

async function refusal(answer) {
  try {
    const problem = await answer.json();
    return problem.detail ?? problem.title ?? `Refused: ${answer.status}`;
  } catch {
    return `Refused: ${answer.status}`;
  }
}
