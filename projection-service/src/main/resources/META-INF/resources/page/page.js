import { tell } from './elements.js';
import * as events from './events.js';
import * as journey from './journey.js';
import * as letters from './letters.js';
import * as plots from './plots.js';
import * as status from './status.js';
import { follow } from './stream.js';

let lost = false;

follow({
  event(event) {
    events.show(event);
    plots.measure(event);
    journey.refreshOn(event);
    if (event.effect === 'dead-letter') letters.refresh();
  },
  dropped(count) {
    events.leaveOut(count);
    plots.measureUnseen(count);
    journey.refreshOn();
  },
  connected() {
    tell('connection', 'live', 'good');
    if (!lost) return;
    lost = false;
    status.refresh();
    letters.refresh();
    journey.refreshOn();
  },
  lost() {
    tell('connection', 'reconnecting', 'bad');
    if (!lost) events.markGap();
    lost = true;
  },
});

journey.open();
