/**
 * Why a command failed:
 * - `timeout`: no answer within `commandTimeout`;
 * - `disconnected`: there is no connection, or the server cannot serve at present;
 * - `full`: the server is out of memory and accepts no writes;
 * - `error`: the server rejected this command.
 */
export type RedisFailure = 'timeout' | 'disconnected' | 'full' | 'error';

export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError';
}

/** First words of the errors of a server that cannot serve at present. */
const UNABLE: ReadonlySet<string> = new Set([
  'LOADING',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'READONLY',
  'NOAUTH',
  'WRONGPASS',
  'BUSY',
]);

export function failureOf(error: unknown): RedisFailure {
  if (error instanceof RedisTimeoutError) return 'timeout';
  if (!(error instanceof Error) || error.name !== 'ReplyError') return 'disconnected';
  const [word = ''] = error.message.split(' ');
  if (word === 'OOM') return 'full';
  return UNABLE.has(word) ? 'disconnected' : 'error';
}

/** @returns a code for operators, such as `ECONNREFUSED` or `WRONGPASS`, and never an address */
export function reasonOf(error: unknown): string {
  if (error instanceof RedisTimeoutError) return 'timeout';
  if (!(error instanceof Error)) return 'error';
  if (error.name === 'ReplyError') return /^[A-Z]+(?= )/.exec(error.message)?.[0] ?? 'error';
  return 'code' in error && typeof error.code === 'string' ? error.code : 'disconnected';
}
