import { hash, randomBytes } from 'node:crypto';
import type { RedisClient } from '../../redis/redis-client.js';

/*
 * How stored responses in Redis become void, by whichever gateway, without a list of them. All, each route, each
 * resource and each surrogate key have a generation, a random word in Redis. A response carries those that there were
 * before its upstream was asked, and counts only while they are the same. To purge is to replace a word. So an answer
 * that was under way meanwhile never counts, no clock is involved, and a word that Redis has lost voids what it stood
 * for rather than bring it back.
 *
 * The words that operators replace are fields of one hash, read at once with each entry. That of a resource is a key
 * beside its entries, in the same slot of a cluster.
 */
export const PURGES = 'purges';
/** Field of `PURGES` that is always there; without it nothing counts. */
export const ALL = 'all';
/** Names the data that Redis has, so that others can be told from it. */
export const EPOCH = 'epoch';
/** Of all notices. */
export const COUNT = 'count';
/** Replaced with each purge: the surrogate keys of an answer are not known before it is there. */
export const ANY = 'any';

/** What was read before an upstream was asked. Words read earlier do as well: they can only void more. */
export interface Generations {
  readonly all: string;
  readonly any: string | null;
  readonly route: string | null;
  /** `null` when nothing of the resource is stored: `candidate` becomes its word, unless another one does before. */
  resource: string | null;
  readonly candidate: string;
  /** Monotonic milliseconds. */
  readonly readAt: number;
}

export function newWord(): string {
  return randomBytes(8).toString('base64url');
}

/** @returns names that tell nobody's name or token, and that one slot of a cluster holds */
export function keysOf(
  key: string,
  resourceScope: string,
): { readonly entry: string; readonly word: string } {
  const slot = `{${short(resourceScope)}}`;
  return { entry: `c:${slot}${short(key)}`, word: `g:${slot}` };
}

export function wordKey(resourceScope: string): string {
  return `g:{${short(resourceScope)}}`;
}

/** @returns the field of `PURGES` for a route or a surrogate key */
export function fieldOf(scope: string): string {
  return short(scope);
}

function short(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}

/** @returns whether the word of the resource is, or now is, that of these generations */
export async function holdResource(
  client: RedisClient,
  word: string,
  generations: Generations,
  life: number,
): Promise<boolean> {
  if (generations.resource !== null) {
    await client.pexpire(word, life, 'GT');
    return true;
  }
  const { candidate } = generations;
  const set = await client.set(word, candidate, 'PX', life, 'NX');
  if (set !== 'OK' && (await client.get(word)) !== candidate) return false;
  generations.resource = candidate;
  return true;
}
