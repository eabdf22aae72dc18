import { call } from './access.js';

const RETRY_MS = 2000;

/**
 * Follows the live events for as long as the page is open; `told` has event, dropped, connected and lost. Read by hand, for
 * an EventSource sends no token.
 */
export async function follow(told) {
  for (;;) {
    try {
      const answer = await call('events', { headers: { Accept: 'text/event-stream' } });
      if (answer.ok) {
        told.connected();
        for await (const message of messages(answer.body)) {
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
      const fields = block.split('\n').map(line => /^(event|data): ?(.*)$/.exec(line)).filter(Boolean);
      const data = fields.filter(([, field]) => field === 'data').map(([, , value]) => value).join('\n');
      if (data) yield { name: fields.find(([, field]) => field === 'event')?.[2], data: JSON.parse(data) };
    }
  }
}

/** Its operation, or for a record without one what it is. */
export function kindOf(event) {
  if (event.effect === 'dead-letter') return 'letter';
  return event.op ?? 'tombstone';
}
