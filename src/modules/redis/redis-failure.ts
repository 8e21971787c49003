/**
 * Why a command came to nothing.
 *
 * - `timeout`: no answer within `commandTimeout`;
 * - `disconnected`: no connection, or the server is not able to serve;
 * - `full`: the server is out of memory, and takes no writes;
 * - `error`: it refused this command.
 */
export type RedisFailure = 'timeout' | 'disconnected' | 'full' | 'error';

export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError';
}

/** First words of errors with which a server says that it cannot serve now. */
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

/** What went wrong in a word, such as `ECONNREFUSED` or `WRONGPASS`: for operators, and never an address. */
export function reasonOf(error: unknown): string {
  if (error instanceof RedisTimeoutError) return 'timeout';
  if (!(error instanceof Error)) return 'error';
  if (error.name === 'ReplyError') return /^[A-Z]+(?= )/.exec(error.message)?.[0] ?? 'error';
  return 'code' in error && typeof error.code === 'string' ? error.code : 'disconnected';
}
