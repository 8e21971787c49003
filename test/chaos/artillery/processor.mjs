// The functions that the scenarios name. Artillery runs them in its worker thread.
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { now, record } from './recorder.mjs';

/** Milliseconds until a message comes back over a WebSocket, above any delay without a fault. */
const MESSAGE_TIMEOUT = 5_000;
/** Milliseconds after each message. */
const THINK_TIME = 500;

const bearer = `Bearer ${process.env.CHAOS_TOKEN}`;
/** Milliseconds since 1970. */
let nextFaultAt = 0;

/**
 * Kills, freezes, slows, corrupts or restarts a service when the schedule of the run says so. Each arriving user asks; the
 * schedule comes from the seed, so the same services fail at the same times in the next run.
 */
export function randomlyKillService(_context, events, done) {
  if (now() >= nextFaultAt) void injectDueFaults(events);
  done();
}

async function injectDueFaults(events) {
  nextFaultAt = Infinity;
  try {
    const response = await fetch(process.env.CHAOS_FAULTS_URL, { method: 'POST' });
    const { nextAt = Infinity } = await response.json();
    nextFaultAt = nextAt;
  } catch {
    events.emit('counter', 'chaos.faults_not_injected', 1);
    nextFaultAt = now() + 1000;
  }
}

export function beginRequest(request, context, _events, done) {
  request.headers = { ...request.headers, authorization: bearer };
  request.startedAt = now();
  request.flow = context.scenario.name;
  done();
}

export function endRequest(request, response, _context, _events, done) {
  finish(request, now(), responseFacts(response));
  done();
}

/** A stream counts as quick when its head is; it is whole when its last event has come. */
export function endStream(request, response, _context, _events, done) {
  const { start, response: head } = response.timings;
  const isWhole = response.statusCode !== 200 || response.body.includes('event: end');
  finish(request, request.startedAt + (head - start), {
    ...responseFacts(response),
    ...(isWhole ? {} : { error: 'ERR_CUT_OFF' }),
  });
  done();
}

export function failRequest(error, request, _context, _events, done) {
  finish(request, now(), { error: error.code ?? error.name });
  done();
}

/** Artillery reports some errors twice. */
function finish(request, at, facts) {
  if (request.isFinished) return;
  request.isFinished = true;
  const { flow, startedAt } = request;
  record({ flow, at: startedAt, ms: at - startedAt, ...facts });
}

function responseFacts({ statusCode, headers }) {
  return { status: statusCode, fallback: headers['breakwater-fallback'], cache: headers['cache-status'] };
}

let webSockets = 0;

export function beginWebSocket(connection, context, done) {
  connection.target = `${context.vars.target.replace('http:', 'ws:')}/live/echo`;
  connection.options = { ...connection.options, headers: { authorization: bearer } };
  context.vars.webSocket = { id: ++webSockets, at: now() };
  // Artillery has no hook for a WebSocket that fails: one without an end has failed.
  record({ flow: 'websocket', id: webSockets, at: now(), begin: true });
  done();
}

/**
 * Sends three messages and expects each one back. Artillery's own `send` with `capture` ends the whole run when an echo
 * arrives after its timeout, as it does after a freeze.
 */
export async function exchangeMessages({ ws, vars }) {
  const { id, at } = vars.webSocket;
  try {
    const isWhole =
      (await echoOf(ws, 'first')) && (await echoOf(ws, 'second')) && (await echoOf(ws, 'third'));
    const result = isWhole ? { status: 101 } : { error: 'ERR_ECHO' };
    record({ flow: 'websocket', id, at, ms: now() - at, ...result });
  } finally {
    ws.close(); // Artillery leaves it open after a failure.
  }
}

/** @returns {Promise<boolean>} whether the message came back unchanged */
async function echoOf(ws, message) {
  const echo = once(ws, 'message', { signal: AbortSignal.timeout(MESSAGE_TIMEOUT) });
  ws.send(JSON.stringify({ message }));
  const [data] = await echo;
  await setTimeout(THINK_TIME);
  return JSON.parse(data).message === message;
}
