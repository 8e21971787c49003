// @ts-check

/** @import { Connection, Message } from './wire.js' */

/** Milliseconds. The gateway sends a comment every 15 seconds. */
const SILENCE = 20_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;
/** After a status that another attempt will not change soon. */
const PAUSE_WHEN_REFUSED = 15_000;

/**
 * Reads `GET /admin/events` until it is aborted, and connects again when the connection ends. `EventSource` would do the
 * same, but does not tell the status of a refusal.
 *
 * @param {object} options
 * @param {string | URL} options.url
 * @param {AbortSignal} options.signal
 * @param {Readonly<Record<string, string>>} [options.headers]
 * @param {(url: string | URL, init: { headers: Record<string, string>, signal: AbortSignal, cache: 'no-store' }) => Promise<Response>} [options.request]
 * @param {(message: Message) => void} options.onMessage
 * @param {(connection: Connection) => void} options.onConnection
 */
export async function readEvents({ url, signal, headers = {}, request = fetch, onMessage, onConnection }) {
  let lastId = '0';
  let pause = FIRST_PAUSE;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    signal.addEventListener('abort', abort, { once: true });
    // A dead peer does not end the connection.
    let watchdog = setTimeout(abort, SILENCE);
    let detail = 'the connection has ended';
    let status = 200;
    try {
      // Ids of the gateway have a dot, so that it answers an unknown one with all events that it has kept.
      const response = await request(url, {
        headers: { ...headers, 'Last-Event-ID': lastId, Accept: 'text/event-stream' },
        cache: 'no-store',
        signal: attempt.signal,
      });
      status = response.status;
      if (response.ok && response.body) {
        onConnection({ state: 'live' });
        for await (const message of messagesIn(chunksOf(response.body))) {
          clearTimeout(watchdog);
          watchdog = setTimeout(abort, SILENCE);
          pause = FIRST_PAUSE;
          if (message.id !== undefined) lastId = message.id;
          if (message.name !== '') onMessage(message);
        }
      } else await response.body?.cancel();
    } catch (error) {
      detail = attempt.signal.aborted ? `no sign of life for ${SILENCE / 1_000} s` : reasonOf(error);
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener('abort', abort);
    }
    if (signal.aborted) return;
    const isRefused = status !== 200;
    const wait = isRefused ? PAUSE_WHEN_REFUSED : pause;
    const since = Date.now();
    const retryAt = since + wait;
    onConnection(
      isRefused ? { state: 'refused', since, status, retryAt } : { state: 'lost', since, detail, retryAt },
    );
    if (!signal.aborted) await delay(wait, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

/**
 * Safari cannot iterate over a stream.
 *
 * @param {ReadableStream<Uint8Array>} body
 */
async function* chunksOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

/**
 * @param {AsyncIterable<string>} chunks
 * @returns {AsyncGenerator<Message>} those of the HTML standard with one line of data each, and comments without a name
 */
export async function* messagesIn(chunks) {
  let text = '';
  for await (const chunk of chunks) {
    text += chunk;
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) yield messageOf(message);
  }
}

/**
 * @param {string} text
 * @returns {Message}
 */
function messageOf(text) {
  /** @type {Map<string, string>} */
  const fields = new Map();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const data = fields.get('data');
  return {
    name: fields.get('event') ?? '',
    id: fields.get('id'),
    data: data === undefined ? undefined : /** @type {unknown} */ (JSON.parse(data)),
  };
}

/** @param {unknown} error */
function reasonOf(error) {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message;
}

/** @type {(ms: number, signal: AbortSignal) => Promise<void>} */
function delay(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
