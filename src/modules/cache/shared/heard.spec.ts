import { describe, expect, it } from 'vitest';
import { Heard } from './heard.js';

function from(count: number): Heard {
  const heard = new Heard();
  heard.isAllOf('epoch', count);
  return heard;
}

describe('Heard', () => {
  it('cannot know what was said before it listened', () => {
    expect(new Heard().isAllOf('epoch', 0)).toBe(false);
  });

  it('knows that nothing was said meanwhile', () => {
    const heard = from(3);
    heard.add(4);
    expect(heard.isAllOf('epoch', 4)).toBe(true);
  });

  it('takes notices in any order', () => {
    const heard = from(3);
    for (const count of [6, 4, 5]) heard.add(count);
    expect(heard.isAllOf('epoch', 6)).toBe(true);
  });

  it('notices one that is missing, once', () => {
    const heard = from(3);
    heard.add(5);
    expect(heard.isAllOf('epoch', 5)).toBe(false);
    expect(heard.isAllOf('epoch', 5)).toBe(true);
  });

  it('notices other data', () => {
    const heard = from(3);
    expect(heard.isAllOf('other', 3)).toBe(false);
    heard.add(4);
    expect(heard.isAllOf('other', 4)).toBe(true);
  });

  it('heard what arrived while it asked', () => {
    const heard = from(3);
    heard.add(4);
    expect(heard.isAllOf('epoch', 3)).toBe(true);
    expect(heard.isAllOf('epoch', 4)).toBe(true);
  });

  it('does not wait for ever for one that never comes', () => {
    const heard = from(0);
    let isLost = false;
    for (let count = 2; count <= 1_100; count++) {
      const isNone = heard.add(count);
      isLost ||= !isNone;
    }
    expect(isLost).toBe(true);
    expect(heard.isAllOf('epoch', 1_100)).toBe(true);
  });
});
