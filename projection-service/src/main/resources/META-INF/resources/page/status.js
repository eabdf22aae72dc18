import { at, element, poll, tell } from './elements.js';
import { bytes, count, milliseconds } from './words.js';

const EVERY_MS = 2000;
// some seconds are normal: what other tables write is confirmed by the connector's next heartbeat only
const STALL_MS = 60000;
// audit.max-replica-lag
const REPLICA_LAG_MS = 30000;

const cells = (...texts) => texts.map((text, i) => element(i ? 'td' : 'th', i ? {} : { scope: 'row' }, text));
const duration = ms => (ms == null ? '–' : milliseconds(ms));
const figure = number => (number == null ? '–' : count(number));

function showStats({ body, missing }) {
  if (!body) {
    tell('lag', '–');
    at('replica').replaceChildren();
    tell('lag-note', missing ? 'not offered here' : 'no answer', missing ? undefined : 'bad');
    at('model').closest('table').hidden = true;
    at('stages-section').hidden = true;
    at('partitions-section').hidden = true;
    at('model-note').textContent = missing ? 'This service offers no statistics.' : 'The statistics do not answer at the moment.';
    return;
  }
  const { aggregates = {}, feed = {}, latency = {}, stages = {}, replicaOldestUnreadMs } = body;
  at('model').closest('table').hidden = false;
  at('stages-section').hidden = false;
  at('partitions-section').hidden = false;
  at('model').replaceChildren(
    ...Object.entries(aggregates).map(([name, of]) =>
      element('tr', {}, ...cells(name, ...['creates', 'updates', 'deletes', 'snapshots', 'rows'].map(column => figure(of[column]))))));
  at('model-note').textContent = '';
  at('stages').replaceChildren(
    ...Object.entries({ ...stages, 'commit to applied': latency }).map(([name, of]) =>
      element('tr', {}, ...cells(name.replaceAll('-', ' '), ...[of.p50Ms, of.p90Ms, of.p99Ms].map(duration)))));
  at('replica').replaceChildren(...(replicaOldestUnreadMs == null ? []
    : fact('replica', `oldest change not read: ${milliseconds(replicaOldestUnreadMs)}`, replicaOldestUnreadMs > REPLICA_LAG_MS ? 'bad' : 'good')));
  const partitions = feed.partitions ?? [];
  const lag = partitions.reduce((sum, of) => sum + (of.lag ?? 0), 0);
  const state = feed.state ?? 'STARTING';
  tell('lag', partitions.length ? count(lag) : '–', state === 'FOLLOWING' ? 'good' : 'bad');
  tell('lag-note', `${lower(state)}, ${partitions.length} partitions`);
  at('partitions').replaceChildren(
    ...partitions.map(of =>
      element('tr', {}, ...cells(`${of.topic}-${of.partition}`, figure(of.position), figure(of.end), figure(of.lag)))));
}

function showPipeline({ body }) {
  const connect = body?.connect ?? { state: 'unreachable', connectors: [] };
  const source = body?.source ?? { state: 'unreachable' };
  showConnectors(connect);
  showSlot(source);
  at('pipeline').replaceChildren(
    ...fact('Kafka Connect', said(connect.state), mood(connect.state)),
    ...connect.connectors.flatMap(connector => [
      ...fact(connector.name, lower(connector.state), running(connector) ? 'good' : 'bad'),
      ...connector.tasks.flatMap(task =>
        fact(`task ${task.id}`, task.failure ? `${lower(task.state)}: ${task.failure}` : lower(task.state), task.state === 'RUNNING' ? 'good' : 'bad')),
    ]),
    ...fact('order-service', said(source.state), mood(source.state)),
    ...(source.slot
      ? fact('slot', `${source.slot.active ? 'read' : 'not read'}, WAL ${source.slot.wal}, ${bytes(source.slot.retainedWalBytes)} of ${bytes(source.slot.maxRetainedWalBytes)} retained, oldest change not confirmed: ${milliseconds(source.slot.oldestUnconfirmedMs)}`, source.slot.active ? 'good' : 'bad')
      : source.trouble ? fact('slot', source.trouble, 'bad') : []),
    ...(source.tablesOldestUnconfirmedMs == null ? []
      : fact('slot of the tables', `oldest change not confirmed: ${milliseconds(source.tablesOldestUnconfirmedMs)}`, source.tablesOldestUnconfirmedMs > STALL_MS ? 'bad' : 'good')),
    ...(source.outboxRows == null ? [] : fact('rows in the outbox', count(source.outboxRows), source.outboxRows ? 'bad' : 'good')));
}

function showConnectors({ state, connectors }) {
  const broken = connectors.filter(connector => !running(connector));
  if (connectors.length === 0) {
    tell('connector', state === 'answers' ? 'none' : said(state), state === 'answers' ? 'bad' : mood(state));
    tell('connector-note', state === 'answers' ? 'Kafka Connect runs none' : 'Kafka Connect');
  } else if (broken.length) {
    const [first] = broken;
    const failed = first.tasks.find(task => task.state !== 'RUNNING');
    tell('connector', lower(failed?.state ?? first.state), 'bad');
    tell('connector-note', failed?.failure ? `${first.name}: ${failed.failure}` : first.name);
  } else {
    tell('connector', 'running', 'good');
    tell('connector-note', connectors.map(({ name }) => name).join(', '));
  }
}

function showSlot({ state, slot, trouble }) {
  if (slot) {
    const stalls = slot.oldestUnconfirmedMs > STALL_MS;
    tell('slot', !slot.active ? 'not read' : stalls ? 'stalls' : 'active', slot.active && slot.wal !== 'lost' && !stalls ? 'good' : 'bad');
    tell('slot-note', slot.wal === 'lost' ? 'its WAL is lost'
      : stalls ? `nothing confirmed for ${milliseconds(slot.oldestUnconfirmedMs)}`
      : `${bytes(slot.retainedWalBytes)} of WAL retained`);
  } else {
    tell('slot', trouble ?? said(state), trouble ? 'bad' : mood(state));
    tell('slot-note', 'order-service');
  }
}

const running = connector =>
  connector.state === 'RUNNING' && connector.tasks.length > 0 && connector.tasks.every(task => task.state === 'RUNNING');
const lower = state => state.toLowerCase().replace('_', ' ');
const said = state => state.replace('-', ' ');
const mood = state => ({ answers: 'good', unreachable: 'bad' })[state] ?? 'idle';
const fact = (name, text, feeling) => [
  element('dt', {}, name),
  element('dd', { className: 'state', 'data-mood': feeling }, text),
];

const asks = [poll('stats', EVERY_MS, showStats), poll('pipeline', EVERY_MS, showPipeline)];

/** Asks for everything now. */
export const refresh = () => asks.forEach(ask => ask());
