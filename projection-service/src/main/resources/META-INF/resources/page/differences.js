import { element } from './elements.js';
import { brief, isId } from './words.js';

/** Fields that change with every event and tell nothing of it. */
const ROUTINE = new Set(['version', 'updatedAt']);
/** Of a whole image, what a line has room for. */
const NOT_IN_A_LINE = new Set([...ROUTINE, 'id', 'customerId', 'createdAt']);

/** A longer list is told by its length. */
const LISTED = 5;

const isObject = value => typeof value === 'object' && value !== null;

/** Each field that differs as {path, before, after}; undefined is a side that does not have it. */
export function differences(before, after, path = '') {
  if (before === after) return [];
  if (Array.isArray(before) && Array.isArray(after)) return ofLists(before, after, path);
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap(name => differences(before[name], after[name], path ? `${path}.${name}` : name));
  }
  return [{ path, before, after }];
}

/** Items by their product, for a new one in front does not change the others. */
function ofLists(before, after, path) {
  const named = list => new Map(list.map((entry, index) => [entry?.productId ?? index, entry]));
  const [old, young] = [named(before), named(after)];
  return [...new Set([...old.keys(), ...young.keys()])].flatMap(name =>
    differences(old.get(name), young.get(name), `${path}[${brief(String(name))}]`));
}

/** What an event changed, worth a line: of a create what is there now, of a delete what was there. */
export function inALine({ before, after }) {
  if (before && after) return differences(before, after).filter(({ path }) => !ROUTINE.has(path));
  const image = before ?? after ?? {};
  return Object.keys(image)
    .filter(name => !NOT_IN_A_LINE.has(name))
    .map(name => (before ? { path: name, before: image[name] } : { path: name, after: image[name] }));
}

export const isRoutine = ({ path }) => ROUTINE.has(path);

/** A value as a reader says it. */
function said(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length > LISTED ? `${value.length} entries` : value.map(said).join(', ') || 'none';
  if (isObject(value)) return 'quantity' in value ? `${value.quantity} × ${value.unitPrice}` : JSON.stringify(value);
  return String(value);
}

/** One difference: old value struck out, new value after an arrow. */
export function change({ path, before, after }) {
  const shown = element('span', { className: 'change' }, element('span', { className: 'field' }, path), ' ');
  const old = before !== undefined && before !== null;
  const young = after !== undefined && after !== null;
  if (old) shown.append(side('del', before));
  if (old && young) shown.append(' → ');
  if (young) shown.append(side('ins', after));
  if (!old && !young) shown.append('null');
  return shown;
}

function side(tag, value) {
  const text = said(value);
  return element(tag, isId(text) ? { title: text } : {}, isId(text) ? brief(text) : text);
}
