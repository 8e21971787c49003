import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Drill, headersOf, readStart, recordOf, UPLOAD_PIECE, UPLOAD_PIECES } from './client-record.js';
import { pipeline } from './pipeline.js';
import type { ClientRecord } from './recording.js';
import type { ClientPlan } from './scenario.js';
import { openSocket } from './web-socket.js';

const LEAVES_AFTER_MS = 100;
/** What a slow reader takes at a time, and the pause after it. */
const READ_BYTES = 16 * 1024;
const READ_PAUSE_MS = 20;

/** Runs a group of clients from now on, until all of them have their last response. */
export async function runClients(drill: Drill, plan: ClientPlan, group: number): Promise<void> {
  const until = Date.now() + plan.for;
  const client = async (n: number) => {
    for (let i = 0; i === 0 || (Date.now() < until && !drill.over.aborted); i++) {
      if (i > 0) await sleep(plan.gap);
      if (plan.kind === 'pipeline') {
        await pipeline(
          drill,
          Array.from({ length: plan.count }, (_, k) => recordOf(plan, group, `${i}.${k}`)),
        );
      } else if (plan.kind === 'socket') {
        await openSocket(drill, recordOf(plan, group, `${n}.${i}`), plan.response.over);
      } else {
        await send(drill, recordOf(plan, group, `${n}.${i}`, n), plan);
      }
    }
  };
  await Promise.all(Array.from({ length: plan.kind === 'pipeline' ? 1 : plan.count }, (_, n) => client(n)));
}

/** Sends a request on a connection of its own and records what becomes of it. Never fails. */
async function send(drill: Drill, record: ClientRecord, plan: ClientPlan): Promise<void> {
  drill.requests.push(record);
  await new Promise<void>((resolve) => {
    const req = request(drill.url + record.key, {
      agent: false,
      method: record.method,
      headers: headersOf(record),
    });
    const onOver = () => finish('hung');
    const finish = (end: ClientRecord['end']) => {
      if (record.end !== undefined) return;
      record.end = end;
      record.endAt = Date.now();
      clearTimeout(leaving);
      drill.over.removeEventListener('abort', onOver);
      req.destroy();
      resolve();
    };
    const leaving = plan.kind === 'leaver' ? setTimeout(() => finish('left'), LEAVES_AFTER_MS) : undefined;
    drill.over.addEventListener('abort', onOver, { once: true });
    req.on('error', ({ code }: NodeJS.ErrnoException) => finish(code === 'ECONNREFUSED' ? 'refused' : 'cut'));
    req.on('response', (res) => {
      record.headAt = Date.now();
      record.status = res.statusCode;
      read(res, record, plan.kind === 'reader', finish);
    });
    void sendBody(req, plan.kind, plan.response.over);
  });
}

async function sendBody(req: ClientRequest, kind: ClientPlan['kind'], over: number): Promise<void> {
  const pause = Math.max(150, over / 2);
  const pieces = kind === 'upload' ? UPLOAD_PIECES : kind === 'post' ? 1 : 0;
  for (let i = 0; i < pieces && !req.destroyed; i++) {
    if (i > 0) await sleep(pause);
    req.write(UPLOAD_PIECE);
  }
  if (!req.destroyed) req.end();
}

function read(
  res: IncomingMessage,
  record: ClientRecord,
  slowly: boolean,
  finish: (end: ClientRecord['end']) => void,
): void {
  let start = '';
  let sinceRest = 0;
  res.on('data', (chunk: Buffer) => {
    record.bytes += chunk.length;
    sinceRest += chunk.length;
    if (start.length < 2_000) start += chunk.toString('latin1');
    if (slowly && sinceRest >= READ_BYTES) {
      sinceRest = 0;
      res.pause();
      setTimeout(() => res.resume(), READ_PAUSE_MS);
    }
  });
  res.on('error', () => undefined);
  res.on('close', () => {
    readStart(record, start, String(res.headers['content-type']));
    finish(res.complete ? 'whole' : 'cut');
  });
}
