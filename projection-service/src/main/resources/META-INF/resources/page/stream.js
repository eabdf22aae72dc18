import { call } from './access.js';

const RETRY_MS = 2000;

/**
 * Follows the live events for as long as the page is open; `told` has event, dropped, connected and lost. After a lost
 * connection it continues behind the last event. Read by hand, for an EventSource sends no token.
 */
export async function follow(told) {
  let position;
  for (;;) {
    try {
      const headers = { Accept: 'text/event-stream', ...(position && { 'Last-Event-ID': position }) };
      const answer = await call('events', { headers });
      if (answer.status === 400) position = undefined; // another version of the service gave it
      if (answer.ok) {
        told.connected();
        for await (const message of messages(answer.body)) {
          position = message.id ?? position;
          if (message.name === 'dropped') told.dropped(message.data.count);
          else told.event(message.data);
        }
      }
    } catch {
      // the connection is lost, as after an orderly end
    }
    told.lost();
    await new Promise(resolve => setTimeout(resolve, RETRY_MS));
  }
}

/** The messages of a stream of server-sent events, whose data is JSON; comments are passed over. */
async function* messages(body) {
  let rest = '';
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (rest + part.value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = block.split('\n').map(line => /^(event|data|id): ?(.*)$/.exec(line)).filter(Boolean);
      const data = fields.filter(([, field]) => field === 'data').map(([, , value]) => value).join('\n');
      const last = name => fields.findLast(([, field]) => field === name)?.[2];
      if (data) yield { name: last('event'), id: last('id'), data: JSON.parse(data) };
    }
  }
}

/** Its operation, or for a record without one what it is. */
export function kindOf(event) {
  if (event.effect === 'dead-letter') return 'letter';
  return event.op ?? 'tombstone';
}
