import { call } from './access.js';

/** The element of that id. */
export const at = id => document.getElementById(id);

/** A new element; properties named in lower case with a dash, and role, are attributes. Text is always text, never markup. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-') || name === 'role') made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** Sets text and one of the moods good, bad, idle; untouched where nothing changes, so that nothing is announced twice. */
export function tell(id, text, mood) {
  const place = at(id);
  if (place.textContent !== text) place.textContent = text;
  if (mood) place.dataset.mood = mood;
  else delete place.dataset.mood;
}

/**
 * The JSON of a GET and the address of its next page, if there is one; {missing: true} where this service has no such
 * address, {failed: true} where it does not answer.
 */
export async function get(address) {
  try {
    const answer = await call(address);
    if (answer.ok) return { body: await answer.json(), next: /<([^>]+)>; rel="next"/.exec(answer.headers.get('Link'))?.[1] };
    return { missing: answer.status === 404, failed: answer.status !== 404 };
  } catch {
    return { failed: true };
  }
}

/**
 * Asks at once and then at that interval, while somebody looks and the service has such an address. Answers a function that
 * asks out of turn.
 */
export function poll(address, everyMs, use) {
  let asking = false;
  let again = false;
  let missing = false;
  async function ask() {
    again = asking;
    if (asking) return;
    asking = true;
    const answer = await get(address);
    missing = answer.missing;
    use(answer);
    asking = false;
    if (again) ask();
  }
  const inTurn = () => document.hidden || missing || ask();
  setInterval(inTurn, everyMs);
  document.addEventListener('visibilitychange', inTurn);
  ask();
  return ask;
}
