import { connect } from 'node:net';
import { answersIn, requestHead } from '../support/http.js';
import { type Drill, headersOf, readStart } from './client-record.js';
import type { ClientRecord } from './recording.js';

/** Sends all requests in one piece on one connection, and records the responses in the order in which they come. */
export async function pipeline(drill: Drill, records: readonly ClientRecord[]): Promise<void> {
  drill.requests.push(...records);
  const heads = records.map((record, i) => {
    const fields = Object.entries(headersOf(record)).map(([name, value]) => `${name}: ${value}`);
    if (i === records.length - 1) fields.push('Connection: close');
    return requestHead(`${record.method} ${record.key}`, ...fields);
  });
  const { hostname, port } = new URL(drill.url);
  const received = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(heads.join('')));
    let text = '';
    const onOver = () => socket.destroy();
    drill.over.addEventListener('abort', onOver, { once: true });
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      drill.over.removeEventListener('abort', onOver);
      resolve(text);
    });
  });
  const now = Date.now();
  const answers = parse(received);
  records.forEach((record, i) => {
    const answer = answers[i];
    record.endAt = now;
    record.end = drill.over.aborted ? 'hung' : 'cut';
    if (!answer) return;
    if (
      (answer.headers['content-length']?.[0] ?? String(answer.body.length)) === String(answer.body.length)
    ) {
      record.end = 'whole';
    }
    record.headAt = now;
    record.status = answer.status;
    record.bytes = answer.body.length;
    readStart(record, answer.body, String(answer.headers['content-type']?.[0]));
  });
}

/** @returns the complete responses; what follows them was cut off */
function parse(received: string): ReturnType<typeof answersIn> {
  for (let end = received.length; end > 0; end = received.lastIndexOf('HTTP/1.1 ', end - 1)) {
    try {
      return answersIn(received.slice(0, end));
    } catch {
      // The last response is incomplete.
    }
  }
  return [];
}
