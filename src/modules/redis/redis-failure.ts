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

/** Errors of a server that cannot serve at present. */
const UNABLE = /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|READONLY|NOAUTH|WRONGPASS|BUSY)(?: |$)/;

/** The server has no database of the configured number; `ERR` alone would not tell. */
const NO_DATABASE = 'DB index is out of range';

export function failureOf(error: unknown): RedisFailure {
  if (error instanceof RedisTimeoutError) return 'timeout';
  if (!(error instanceof Error) || error.name !== 'ReplyError') return 'disconnected';
  if (error.message.startsWith('OOM ')) return 'full';
  return UNABLE.test(error.message) ? 'disconnected' : 'error';
}

/** @returns a code for operators, such as `ECONNREFUSED` or `WRONGPASS`, and never an address */
export function reasonOf(error: unknown): string {
  if (error instanceof RedisTimeoutError) return 'timeout';
  if (!(error instanceof Error)) return 'error';
  if (error.message === `ERR ${NO_DATABASE}`) return NO_DATABASE;
  if (error.name === 'ReplyError') return /^[A-Z]+(?= )/.exec(error.message)?.[0] ?? 'error';
  return 'code' in error && typeof error.code === 'string' ? error.code : 'disconnected';
}
