import { describe, expect, it } from 'vitest';
import { isoAt, openReport, pictureOf, report, START, transition } from '../../../../test/support/reports.js';
import { addMessage, listed, totals } from './picture.js';

const calls = (requests: number, errors = 0) => ({ callers: { ...report('').callers, requests, errors } });

describe('the picture', () => {
  it('takes what has changed from a tick, and forgets what was removed', () => {
    const picture = pictureOf([report('a'), report('b'), report('c')]);
    const data = {
      at: isoAt(1),
      gateway: { ...picture.gateway, revision: 2 },
      upstreams: [openReport('b')],
      removed: ['c'],
    };
    addMessage(picture, { name: 'tick', data }, START);
    expect(picture.gateway?.revision).toBe(2);
    expect(picture.at).toBe(START + 1_000);
    expect(picture.skew).toBe(1_000);
    expect([...picture.upstreams.values()].map(({ id, status }) => [id, status])).toEqual([
      ['a', 'ok'],
      ['b', 'down'],
    ]);
  });

  it('takes each event once, and keeps the last 1000', () => {
    const first = transition(0, 'a', {});
    const picture = pictureOf([], [first, first]);
    expect(picture.events).toHaveLength(1);
    for (let i = 0; i < 1_000; i++)
      addMessage(picture, { name: 'transition', data: transition(i, 'a', {}) }, START);
    expect(picture.events).toHaveLength(1_000);
    expect(picture.events[0]).not.toBe(first);
    expect(picture.seen.size).toBe(1_000);
  });
});

describe('the list of upstreams', () => {
  const all = [
    report('calm', calls(900)),
    report('slow', { callers: { ...report('').callers, p95: 900 } }),
    report('ill', { status: 'degraded', ...calls(10, 1) }),
    report('worse', { status: 'degraded', ...calls(10, 5) }),
    openReport('gone'),
  ];
  const ids = (search: string, order: string) => listed(all, search, order).map(({ id }) => id);

  it.each([
    ['failing', ['gone', 'worse', 'ill', 'calm', 'slow']],
    ['name', ['calm', 'gone', 'ill', 'slow', 'worse']],
    ['requests', ['calm']],
    ['errors', ['worse', 'ill']],
    ['slow', ['slow']],
  ])('is in the order %s', (order, first) => {
    expect(ids('', order).slice(0, first.length)).toEqual(first);
  });

  it('finds by parts of names and of targets, whatever their case', () => {
    expect(ids('  OR', 'name')).toEqual(['worse']);
    expect(ids('10.0.0.7', 'name')).toHaveLength(all.length);
    expect(ids('<img', 'name')).toEqual([]);
  });

  it('adds up what all callers got', () => {
    expect(totals(all)).toMatchObject({ requests: 920, errors: 6, down: 1, degraded: 2, ok: 2 });
    expect(totals(all).slowest?.id).toBe('slow');
  });
});
