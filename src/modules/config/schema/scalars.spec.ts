import { describe, expect, it } from 'vitest';
import { boolean, byId, id, port } from './scalars.js';

describe('scalars', () => {
  it.each([
    [0, 0],
    [65_535, 65_535],
    ['8080', 8080],
  ])('port accepts %j', (written, number) => {
    expect(port().parse(written)).toBe(number);
  });

  it.each([-1, 65_536, 80.5, '65536', '-1', '80.5', '0x50', '', ' 80', 'http', true, null])(
    'port refuses %j with one issue',
    (written) => {
      expect(port().safeParse(written).error?.issues).toMatchObject([{ message: 'a port from 0 to 65535' }]);
    },
  );

  it('booleans can be the text true or false', () => {
    expect([boolean().parse(true), boolean().parse('true'), boolean().parse('false')]).toEqual([
      true,
      true,
      false,
    ]);
    for (const written of ['yes', 'TRUE', '', 1, null])
      expect(boolean().safeParse(written).success).toBe(false);
  });

  it.each(['users', 'api.v1', 'A-1_b', '0', 'constructor'])('%s is an id', (written) => {
    expect(id().parse(written)).toBe(written);
  });

  it.each(['', '_x', '.x', '-x', 'a b', 'a/b', 'ü', '__proto__', 'a\n'])('%j is not an id', (written) => {
    expect(id().safeParse(written).success).toBe(false);
  });

  it('a record by id has no prototype', () => {
    const record = byId(port()).parse({ constructor: 1 });
    expect(Object.getPrototypeOf(record)).toBeNull();
    expect(record['constructor']).toBe(1);
    expect(record['toString']).toBeUndefined();
  });
});
