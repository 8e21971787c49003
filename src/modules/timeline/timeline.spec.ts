import { describe, expect, it } from 'vitest';
import type { NewEvent } from './shapes.js';
import { Timeline } from './timeline.js';

const clock = { now: () => 0, wall: () => 1_800_000_000_000 };
const event = (upstream = 'api'): NewEvent => ({ kind: 'upstream', upstream, isRemoved: false });

function filled(count: number): Timeline {
  const timeline = new Timeline(clock);
  for (let i = 0; i < count; i++) timeline.add(event());
  return timeline;
}

describe('Timeline', () => {
  it('has the events after an id', () => {
    const timeline = filled(3);
    const { lastId } = timeline;
    expect(timeline.after(lastId)).toEqual({ events: [], isComplete: true });
    timeline.add(event('orders'));
    timeline.add(event('users'));
    expect(timeline.after(lastId)).toMatchObject({
      events: [{ upstream: 'orders' }, { upstream: 'users', id: timeline.lastId }],
      isComplete: true,
    });
    expect(timeline.after(undefined)).toEqual({ events: [], isComplete: true });
  });

  it('says when events are missing, and has the others', () => {
    const timeline = filled(3);
    const first = timeline.lastId;
    for (let i = 0; i < 1_001; i++) timeline.add(event());
    expect(timeline.after(first).isComplete).toBe(false);
    expect(timeline.after(first).events).toHaveLength(1_000);
  });

  it.each(['other.1', 'other', '', '.', 'x.y.z'])('takes an id of another process for a gap: %j', (id) => {
    expect(filled(2).after(id)).toMatchObject({ events: [{}, {}], isComplete: false });
  });

  it('keeps fifty events of each upstream, newest first', () => {
    const timeline = filled(60);
    timeline.add(event('orders'));
    expect(timeline.of('api')).toHaveLength(50);
    expect(timeline.of('api')[0]?.id).toMatch(/\.60$/);
    expect(timeline.of('orders')).toHaveLength(1);
    timeline.forget('orders');
    expect(timeline.of('orders')).toEqual([]);
  });
});
