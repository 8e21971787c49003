import { ProblemError } from '../../common/errors/problem.js';
import { nearest } from '../config/nearest.js';

/** Names in one answer. */
const MAX_NAMES = 20;

/**
 * @param kind what the names are names of
 * @throws ProblemError `unknown_name`, which lists the known ones
 */
export function oneOf<T>(kind: string, name: string, known: ReadonlyMap<string, T>): T {
  const found = known.get(name);
  if (found !== undefined) return found;
  const names = [...known.keys()];
  const guess = nearest(name, names);
  const hint = guess === undefined ? '' : ` Did you mean ${JSON.stringify(guess)}?`;
  const more = names.length > MAX_NAMES ? `, and ${names.length - MAX_NAMES} more` : '';
  const list = names.slice(0, MAX_NAMES).join(', ') || 'none';
  const detail = `There is no ${kind} ${JSON.stringify(name.slice(0, 100))}.${hint} Known: ${list}${more}.`;
  throw new ProblemError('unknown_name', { detail });
}
