import { bearer } from '../support/tokens.js';
import { isStored } from './facts.js';
import type { ClientRecord, Tag } from './recording.js';
import type { ClientKind, ClientPlan } from './scenario.js';

const USERS = 3;
const METHODS: Partial<Record<ClientKind, string>> = {
  post: 'POST',
  upload: 'PUT',
  head: 'HEAD',
  delete: 'DELETE',
};
/** Of the clients that ask for a stored resource, each of so many sends `HEAD`, credentials, or no token. */
const HEAD_EACH = 5;
const JUDGED_EACH = 16;
const ANONYMOUS_EACH = 4;
export const UPLOAD_PIECES = 3;
export const UPLOAD_PIECE = Buffer.alloc(4 * 1024, 'u');

export interface Drill {
  readonly url: string;
  /** Where each request is recorded as soon as it is sent. */
  readonly requests: ClientRecord[];
  /** Aborts when the drill is over: whatever is still open then has hung. */
  readonly over: AbortSignal;
}

/** @param n tells the request from the others of its group */
export function recordOf(plan: ClientPlan, group: number, n: string, client = 0): ClientRecord {
  const { service, response } = plan;
  const { ms, bytes, over } = response;
  const kind = plan.kind === 'cached' && isEach(JUDGED_EACH, client) ? 'judged' : plan.kind;
  const hasStore = isStored(plan);
  const query = [
    `ms=${ms}`,
    `bytes=${bytes}`,
    `over=${over}`,
    kind === 'stream' ? 'events' : '',
    hasStore ? 'store' : '',
  ];
  return {
    id: `${group}.${n}`,
    kind,
    service,
    method: METHODS[kind] ?? (isStored({ kind }) && isEach(HEAD_EACH, client) ? 'HEAD' : 'GET'),
    key: `/${service}/${hasStore ? plan.kind : 'plain'}/${group}?${query.filter((each) => each !== '').join('&')}`,
    user: hasToken(kind, client) ? `user-${client % USERS}` : undefined,
    uploaded:
      kind === 'upload' ? UPLOAD_PIECES * UPLOAD_PIECE.length : kind === 'post' ? UPLOAD_PIECE.length : 0,
    sentAt: Date.now(),
    bytes: 0,
  };
}

function hasToken(kind: ClientKind, client: number): boolean {
  return kind === 'mine' || (kind === 'mixed' && !isEach(ANONYMOUS_EACH, client));
}

function isEach(n: number, client: number): boolean {
  return client % n === n - 1;
}

/** @returns the headers of a request */
export function headersOf({ id, kind, user, uploaded }: ClientRecord): Record<string, string> {
  return {
    'x-drill-id': id,
    ...(user === undefined ? {} : bearer({ sub: user })),
    ...(kind === 'judged' ? { authorization: 'Basic ZHJpbGw6ZHJpbGw=' } : {}),
    ...(uploaded > 0 ? { 'content-length': String(uploaded) } : {}),
  };
}

/** Reads the first line of a target's body, or the problem document of the gateway. */
export function readStart(record: ClientRecord, start: string, contentType: string): void {
  const line = start.replace(/^data: /, '').split('\n\n', 1)[0] ?? '';
  const parsed = parse(contentType.startsWith('application/problem+json') ? start : line);
  if (contentType.startsWith('application/problem+json')) record.code = String(parsed?.['code']);
  else if (parsed) record.tag = parsed as unknown as Tag;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
