import { LitElement, html, css } from 'lit';
import { JsonRpc } from 'jsonrpc';
import { snapshotPath } from 'build-time-data';

/** The pipeline's addresses, its connector, and the last events of each topic, looked up anew every two seconds. */
export class QwcOutbox extends LitElement {

    static styles = css`
        :host { display: block; padding: 1em; overflow: auto; height: 100%; }
        table { border-collapse: collapse; }
        td, th { padding: 0.2em 1em 0.2em 0; text-align: left; vertical-align: top; }
        pre { margin: 0; white-space: pre-wrap; }
        summary { cursor: pointer; }
        small { opacity: 0.7; }
    `;

    static properties = { _status: { state: true }, _events: { state: true }, _said: { state: true } };

    jsonRpc = new JsonRpc(this);

    constructor() {
        super();
        this._status = {};
        this._events = [];
        this._said = '';
    }

    connectedCallback() {
        super.connectedCallback();
        this._look();
        this._timer = setInterval(() => this._look(), 2000);
    }

    disconnectedCallback() {
        clearInterval(this._timer);
        super.disconnectedCallback();
    }

    _look() {
        this.jsonRpc.status().then(answer => this._status = answer.result);
        this.jsonRpc.events().then(answer => this._events = answer.result);
    }

    render() {
        const topics = [...new Set(this._events.map(event => event.topic))].sort();
        return html`
            <table>${Object.entries(this._status).map(([what, is]) => html`<tr><th>${what}</th><td>${is}</td></tr>`)}</table>
            <p>
                <button @click=${this._restart}>Restart the connector</button>
                ${snapshotPath ? topics.filter(topic => topic.endsWith('.events')).map(topic => html`
                    <button @click=${() => this._snapshot(topic)}>Publish a snapshot on ${topic}</button>`) : ''}
                ${this._said}
            </p>
            ${topics.map(topic => html`
                <h4>${topic}</h4>
                ${this._events.filter(event => event.topic === topic).map(event => html`
                    <details>
                        <summary>${event.time} <b>${event.type || '(tombstone)'}</b> ${event.key} <small>${event.position}</small></summary>
                        <small>${event.headers}</small>
                        <table><tr>
                            ${event.before ? html`<td><pre>${event.before}</pre></td><td>→</td>` : ''}
                            <td><pre>${event.after}</pre></td>
                        </tr></table>
                    </details>`)}`)}`;
    }

    _restart() {
        this.jsonRpc.restart().then(answer => this._said = answer.result);
    }

    async _snapshot(topic) {
        const aggregate = topic.slice(0, -'.events'.length);
        const answer = await fetch(snapshotPath, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ aggregate }),
        });
        this._said = `${snapshotPath} of ${aggregate}: ${answer.status}`;
    }
}

customElements.define('qwc-outbox', QwcOutbox);
