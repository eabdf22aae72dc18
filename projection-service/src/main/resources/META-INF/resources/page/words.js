const COUNT = new Intl.NumberFormat('en');
const RATE = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** What each kind of record is called; those without an operation by what became of them. */
export const KINDS = {
  c: 'create',
  u: 'update',
  d: 'delete',
  r: 'snapshot',
  tombstone: 'tombstone',
  letter: 'dead letter',
};
const SIGNS = { tombstone: '∅', letter: '!' };

export const sign = kind => SIGNS[kind] ?? kind;
export const count = number => COUNT.format(number);
export const rate = number => `${RATE.format(number)} /s`;

export function milliseconds(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${RATE.format(ms / 1000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${COUNT.format(Math.round(ms / 3_600_000))} h`;
}

export function bytes(number) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    unit++;
  }
  return `${RATE.format(number)} ${units[unit]}`;
}

/** Time of day to the millisecond. */
export function clock(instant) {
  const date = new Date(instant);
  const two = part => String(part).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** Day and time. */
export const moment = instant => `${new Date(instant).toLocaleDateString('en-CA')} ${clock(instant)}`;

/** The end of an id, for ids made at about the same time begin alike. */
export const brief = id => (id.length > 12 ? `…${id.slice(-8)}` : id);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
export const isId = text => UUID.test(text);
