/** A service that refuses ends the stream for good; the browser itself only retries lost connections. */
const RETRY_MS = 2000;

/** Follows the live events for as long as the page is open; `told` has event, dropped, connected and lost. */
export function follow(told) {
  const source = new EventSource('events');
  source.onopen = () => told.connected();
  source.onmessage = message => told.event(JSON.parse(message.data));
  source.addEventListener('dropped', message => told.dropped(JSON.parse(message.data).count));
  source.onerror = () => {
    told.lost();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow(told), RETRY_MS);
  };
}

/** Its operation, or for a record without one what it is. */
export function kindOf(event) {
  if (event.effect === 'dead-letter') return 'letter';
  return event.op ?? 'tombstone';
}
