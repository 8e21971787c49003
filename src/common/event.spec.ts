import { afterEach, describe, expect, it } from 'vitest';
import { Event } from './event.js';

const { onError } = Event;
afterEach(() => {
  Event.onError = onError;
});

describe('Event', () => {
  it('tells its listeners in the order in which they were added, until they are removed', () => {
    const event = new Event<number>();
    const heard: string[] = [];
    const off = event.on((value) => heard.push(`a${value}`));
    event.on((value) => heard.push(`b${value}`));
    event.emit(1);
    off();
    event.emit(2);
    expect(heard).toEqual(['a1', 'b1', 'b2']);
  });

  it('tells the other listeners and does not throw when a listener throws', () => {
    const event = new Event<number>();
    const errors: unknown[] = [];
    Event.onError = (error) => errors.push(error);
    const heard: number[] = [];
    const failure = new Error('a fault of a listener');
    event.on(() => {
      throw failure;
    });
    event.on((value) => heard.push(value));
    event.emit(1);
    expect({ heard, errors }).toEqual({ heard: [1], errors: [failure] });
  });
});
