import { describe, expect, it } from 'vitest';
import { Fault, faultEntry } from './fault.js';

class ClientError extends Error {
  readonly code = 'ERR_BAD_REQUEST';
  readonly status = 404;
  readonly config = { headers: { Authorization: 'Bearer SECRET' } };
  readonly response = { data: 'SECRET' };
}

const trap = (): never => {
  throw new Error('trapped');
};

describe('what the log says of a thrown value', () => {
  it('is class, message, code, status and stack, and no other property of it or of its causes', () => {
    const cause = new ClientError('inner');
    const error = Object.assign(new ClientError('outer', { cause }), { toJSON: () => 'SECRET' });
    const fault = Fault.of(error);
    expect(fault).toEqual({
      type: 'ClientError',
      message: 'outer: inner',
      code: 'ERR_BAD_REQUEST',
      status: 404,
      stack: `${error.stack}\ncaused by: ${cause.stack}`,
    });
    expect(JSON.stringify(faultEntry(error))).not.toContain('SECRET');
  });

  it('ends when the causes form a circle', () => {
    const error = new Error('again');
    error.cause = error;
    expect(Fault.of(error).message).toBe('again');
  });

  it.each([
    ['a text', 'why', { type: 'string', message: 'why' }],
    ['nothing', undefined, { type: 'undefined', message: 'undefined' }],
    ['a symbol', Symbol('s'), { type: 'symbol', message: 'Symbol(s)' }],
    ['an object', { token: 'SECRET' }, { type: 'object', message: '[object Object]' }],
    ['no text', Object.create(null), { type: 'object', message: 'a value that has no text' }],
    [
      'a text that throws',
      { toString: trap, toJSON: trap },
      { type: 'object', message: 'a value that has no text' },
    ],
    [
      'a proxy whose traps throw',
      new Proxy({}, { getPrototypeOf: trap, has: trap, get: trap }),
      { type: 'object', message: 'a value that has no text' },
    ],
    [
      'an error whose stack is no text',
      Object.assign(new Error('odd'), { stack: { secret: 'SECRET' }, code: {}, status: '404' }),
      { type: 'Error', message: 'odd' },
    ],
  ])('is safe to read for %s', (_, thrown, expected) => {
    const { type, message, ...rest } = Fault.of(thrown);
    expect({ type, message }).toEqual(expected);
    expect(rest).toEqual({});
  });

  it('has further fields, and is not read a second time', () => {
    const entry = faultEntry(new Error('a fault'), { requestId: 'id-1' });
    expect(entry).toMatchObject({ message: 'a fault', requestId: 'id-1', err: { type: 'Error' } });
    const { err } = entry as { err: Fault };
    expect(Fault.of(err)).toBe(err);
  });
});
