import { type ClientRequest, STATUS_CODES } from 'node:http';
import type { Response } from 'express';
import { callBack } from '../../../common/http/ignored-handler.js';
import { type AnswerHead, type Exchange, handlerPathOf } from '../../routing/exchange.js';

/** What sends the head of a response, whoever calls it: Nest, Express, a stream, or a handler. */
const SENDERS = ['flushHeaders', 'write', 'end'] as const;

/** Headers that are set before the handler is called. */
const OF_GATEWAY = /^(?:access-control-|vary$|x-request-id$)/;

/**
 * Changes the head of a response when a handler sends it. What the handler sends is held back until the head is there, and
 * dropped once the gateway has answered with an error in its place.
 *
 * @param change passes the new head on, or answers the request
 */
export function changeHeadOf(
  exchange: Exchange,
  change: (head: AnswerHead, send: (head: AnswerHead) => void) => void,
): void {
  const { req, res } = exchange;
  let state: 'open' | 'changing' | 'done' = 'open';
  let held: { readonly call: () => unknown; readonly args: readonly unknown[] }[] = [];
  let mustDrain = false;
  // `compression` passes these listeners on to a stream of its own, which knows nothing of what is held back.
  const drained = new Set<() => void>();
  const on = res.on.bind(res) as (event: string, listener: () => void) => Response;
  Object.assign(res, {
    on: (event: string, listener: () => void) => {
      if (event === 'drain' && state !== 'done') drained.add(listener);
      return on(event, listener);
    },
  });
  // A request that the handler passes on gets the response of a route, and an error is the gateway's own.
  const isOfHandler = () => handlerPathOf(req) !== undefined && exchange.problem === undefined;
  const drop = () => {
    for (const { args } of held) callBack(args);
    held = [];
  };
  const send = (head: AnswerHead) => {
    state = 'done';
    if (res.destroyed) {
      drop();
      return;
    }
    setHead(res, head);
    const calls = held;
    held = [];
    for (const { call } of calls) call();
    // Whoever writes a stream waits for it, unless the last call has found the buffer full.
    if (mustDrain && !res.writableNeedDrain && !res.writableEnded) for (const tell of drained) tell();
  };
  for (const name of SENDERS) {
    // Each has its own parameters, which are passed on as they are.
    const original = res[name].bind(res) as (...args: unknown[]) => unknown;
    const sender = (...args: unknown[]): unknown => {
      if (state === 'open' && isOfHandler()) {
        state = 'changing';
        const head = headOf(res);
        // An error in place of the response has none of its headers.
        for (const field of res.getHeaderNames()) if (!OF_GATEWAY.test(field)) res.removeHeader(field);
        change(head, send);
      }
      const nothing = name === 'write' ? false : res;
      if (exchange.isAnswered) {
        // The gateway ends its answer once the rest of the request is read.
        if (name === 'end' && args.length === 0) return original();
        callBack(args);
        return nothing;
      }
      if (!isOfHandler()) drop();
      if (state !== 'changing' || !isOfHandler()) return original(...args);
      held.push({ call: () => original(...args), args });
      mustDrain ||= name === 'write';
      return nothing;
    };
    Object.assign(res, { [name]: sender });
  }
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response;
  res.writeHead = (status: number, ...rest: unknown[]) => {
    if (exchange.isAnswered) return res;
    if (state === 'done' || !isOfHandler()) return writeHead(status, ...rest);
    // It is sent with what follows.
    res.statusCode = status;
    if (typeof rest[0] === 'string') res.statusMessage = rest[0];
    const headers = typeof rest[0] === 'string' ? rest[1] : rest[0];
    for (const [field, value] of fieldsOf(headers)) res.setHeader(field, value);
    return res;
  };
}

/** @param headers as `writeHead` of Node takes them: an object, or a list of pairs or of names and values in turn */
function fieldsOf(headers: unknown): [string, string | string[]][] {
  if (typeof headers !== 'object' || headers === null) return [];
  // Node checks names and values when they are set.
  if (!Array.isArray(headers)) return Object.entries(headers) as [string, string | string[]][];
  const flat = headers.flat() as string[];
  const fields = new Map<string, [string, string[]]>();
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] ?? '';
    const field = fields.get(name.toLowerCase()) ?? [name, []];
    field[1].push(flat[i + 1] ?? '');
    fields.set(name.toLowerCase(), field);
  }
  return Array.from(fields.values(), ([name, values]) => [name, single(values)]);
}

function headOf(res: Response): AnswerHead {
  const lines: string[] = [];
  // Its types have it for requests alone.
  const names = (res as Response & Pick<ClientRequest, 'getRawHeaderNames'>).getRawHeaderNames();
  for (const name of names)
    for (const value of [res.getHeader(name) ?? []].flat()) lines.push(name, String(value));
  return { status: res.statusCode, lines };
}

function setHead(res: Response, { status, lines }: AnswerHead): void {
  if (status !== res.statusCode) res.statusMessage = STATUS_CODES[status] ?? '';
  res.statusCode = status;
  const fields = fieldsOf(lines);
  const names = new Set(fields.map(([name]) => name.toLowerCase()));
  for (const name of res.getHeaderNames()) if (!names.has(name)) res.removeHeader(name);
  for (const [name, value] of fields) res.setHeader(name, value);
}

function single(values: string[]): string | string[] {
  return values.length === 1 ? (values[0] ?? '') : values;
}
