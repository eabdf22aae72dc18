import { at, element, get } from './elements.js';
import { change, differences, isRoutine } from './differences.js';
import { KINDS, brief, isId, milliseconds, moment, sign } from './words.js';

const dialog = at('journey');
const LINK = /^#\/orders\/([^/]+)$/;
/** Several events of one order in a row are worth one look. */
const SETTLE_MS = 150;

let shown;
let settling;

/** Follows the address: #/orders/{id} opens that order's journey, anything else closes it. */
export function open() {
  const id = LINK.exec(location.hash)?.[1];
  if (id === undefined) {
    dialog.close();
    return;
  }
  if (shown !== id) clear(id);
  if (!dialog.open) dialog.showModal();
  at('journey-title').focus();
  refresh();
}

/** Looks again when an event of the order that is shown has passed, or whatever has passed meanwhile. */
export function refreshOn(event) {
  if (shown === undefined || (event && event.key !== shown)) return;
  clearTimeout(settling);
  settling = setTimeout(refresh, SETTLE_MS);
}

function clear(id) {
  shown = id;
  at('journey-id').textContent = id;
  at('journey-note').textContent = 'Looking it up…';
  at('journey-now').replaceChildren();
  at('journey-steps').replaceChildren();
}

async function refresh() {
  const id = shown;
  if (id === undefined) return;
  if (!isId(id)) {
    at('journey-note').textContent = 'This is no id of an order.';
    return;
  }
  const history = await get(`orders/${id}/history?limit=200`);
  const steps = history.body ?? [];
  for (let page = history; page.next; steps.push(...(page.body ?? []))) page = await get(page.next);
  const deleted = steps.findLast(({ version }) => version)?.operation === 'd';
  const order = deleted ? {} : await get(`orders/${id}`);
  if (shown !== id) return; // another was opened meanwhile
  at('journey-now').replaceChildren(...now(order.body, deleted));
  at('journey-steps').replaceChildren(...steps.map(step).reverse());
  at('journey-note').textContent = note(history, order, steps);
}

function note(history, order, steps) {
  if (history.failed || order.failed) return 'The service does not answer at the moment.';
  if (!steps.length && !order.body) return 'No such order is known here. An order that was just placed appears as soon as its event is applied.';
  return steps.length ? '' : 'Nothing is on record of how it came to this.';
}

function now(order, deleted) {
  if (deleted) return [element('p', { className: 'status deleted' }, 'DELETED')];
  if (!order) return [];
  const items = order.items ?? [];
  return [
    element('p', {},
      element('span', { className: 'status' }, order.status), ' ',
      element('b', {}, `${order.total} ${order.currency}`), ` version ${order.version}`),
    element('p', { className: 'note' }, 'Customer ', customer(order)),
    element('table', {},
      element('thead', {}, element('tr', {}, ...['Product', 'quantity', 'price', 'total'].map(name => element('th', { scope: 'col' }, name)))),
      element('tbody', {}, ...items.map(item =>
        element('tr', {},
          element('th', { scope: 'row' }, element('code', { title: item.productId }, brief(item.productId))),
          ...[item.quantity, item.unitPrice, item.lineTotal].map(value => element('td', {}, String(value))))))),
  ];
}

function customer(order) {
  const id = order.customer?.id ?? order.customerId;
  return element('span', { title: id ?? '' }, order.customer?.name ?? (id ? brief(id) : 'unknown'));
}

function step(event) {
  const kind = event.operation in KINDS ? event.operation : 'tombstone';
  const tookMs = new Date(event.processedAt) - new Date(event.committedAt);
  return element('li', { className: kind },
    element('h3', {},
      element('span', { className: 'op', role: 'img', 'aria-label': KINDS[kind] }, sign(kind)), ' ',
      event.eventType ?? KINDS[kind], ' ',
      element('span', { className: 'version' }, event.version ? `v${event.version}` : '')),
    element('p', { className: 'note' },
      `${moment(event.committedAt)}, here ${milliseconds(Math.max(0, tookMs))} later, `,
      element('code', {}, `${event.topic}-${event.partition}@${event.offset}`)),
    element('ul', {}, ...differences(event.before ?? {}, event.after ?? {})
      .toSorted((a, b) => isRoutine(a) - isRoutine(b))
      .map(of => element('li', { className: isRoutine(of) ? 'routine' : '' }, change(of)))));
}

dialog.onclose = () => {
  shown = undefined;
  if (LINK.test(location.hash)) history.pushState(null, '', location.pathname);
};
dialog.onclick = event => event.target === dialog && dialog.close();
at('journey-close').onclick = () => dialog.close();
at('find').onsubmit = event => {
  event.preventDefault();
  const id = at('find-id').value.trim();
  if (id) location.hash = `#/orders/${encodeURIComponent(id.toLowerCase())}`;
};
window.addEventListener('hashchange', open);
window.addEventListener('popstate', open);
