import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../errors/problem.js';
import { parseTarget, type RequestTarget } from './request-target.js';

/** What attacks on paths are made of, beside ordinary characters. */
const PIECE = fc.constantFrom(
  '/',
  '//',
  '.',
  '..',
  '%2e',
  '%2E',
  '%2f',
  '%5c',
  '\\',
  ';',
  ';x=1',
  '%3b',
  '%00',
  '%0d%0a',
  '%25',
  '%252e',
  '%c0%ae',
  '%ff',
  '%e2%82%ac',
  '%',
  '%2',
  '%zz',
  '%41',
  '%7e',
  'a',
  'admin',
  '~',
  '@',
  ':',
  '?',
  '#',
  '\t',
  'é',
);
const TARGET = fc.oneof(
  { weight: 4, arbitrary: fc.array(PIECE, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`) },
  { weight: 1, arbitrary: fc.array(PIECE, { maxLength: 8 }).map((pieces) => `http://a${pieces.join('')}`) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);

/** @returns `undefined` for a target that is refused */
function parsed(target: string): RequestTarget | undefined {
  try {
    return parseTarget(target);
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

/** Runs a property for targets that are not refused, of which there are enough. */
function forAccepted(property: (target: RequestTarget) => void): void {
  const accepted = TARGET.map(parsed).filter((each) => each !== undefined);
  fc.assert(fc.property(accepted, property), { seed: 1, numRuns: 2_000 });
}

describe('the path that is matched and forwarded', () => {
  it('stays the same when it is read again', () => {
    forAccepted(({ path, query }) => {
      expect(parsed(path + query)).toMatchObject({ path, query });
    });
  });

  it('never climbs, however often slashes are decoded, merged, or freed of parameters', () => {
    forAccepted(({ path, laxPaths = [] }) => {
      for (const each of [path, ...laxPaths]) {
        const segments = each.split(/\/|%2f|\\|%5c/i).map((segment) => segment.replace(/;.*/, ''));
        expect(segments).not.toContain('..');
        expect(segments).not.toContain('.');
      }
    });
  });

  it('has no byte that ends a request line or a field', () => {
    forAccepted(({ path, query, authority = '' }) => {
      expect(path).toMatch(/^\/[\x21-\x7e]*$/);
      expect(path).not.toMatch(/%[01]|%7F|%5C|\\/);
      expect(query + authority).not.toMatch(/[#]/);
    });
  });

  it('is the same for every spelling of its unreserved characters', () => {
    const character = fc.constantFrom(...'abzAZ059-_~'.split(''));
    const spelled = character.chain((char) => {
      const hex = char.charCodeAt(0).toString(16);
      return fc.constantFrom(char, `%${hex}`, `%${hex.toUpperCase()}`).map((text) => ({ char, text }));
    });
    const segment = fc.array(spelled, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const write = (part: 'char' | 'text') =>
          segments.map((each) => `/${each.map((one) => one[part]).join('')}`).join('');
        expect(parseTarget(write('text')).path).toBe(write('char'));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
