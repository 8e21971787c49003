import { beforeEach, expect, it } from 'vitest';
import type { OverloadChange } from '../modules/server/overload/overload.service.js';
import { WorkerOverloads } from './worker-overloads.js';

const begins: OverloadChange = { reason: 'delay', isOver: false, rejected: 0 };
const isOver = (rejected: number): OverloadChange => ({ reason: 'delay', isOver: true, rejected });

let overloads: WorkerOverloads;
let changes: OverloadChange[];

beforeEach(() => {
  overloads = new WorkerOverloads();
  changes = [];
  overloads.changed.on((change) => changes.push(change));
});

it('tells the overload of several workers once, with the rejections of all of them', () => {
  overloads.add(1, begins);
  overloads.add(2, begins);
  expect(changes).toEqual([begins]);
  overloads.add(1, isOver(3));
  expect(changes).toEqual([begins]);
  overloads.add(2, isOver(4));
  expect(changes).toEqual([begins, isOver(7)]);
  overloads.add(1, begins);
  overloads.add(1, isOver(1));
  expect(changes.slice(2)).toEqual([begins, isOver(1)]);
});

it('is over when the last worker that is overloaded ends', () => {
  overloads.add(1, begins);
  overloads.add(1, { ...begins, reason: 'memory' });
  overloads.remove(2);
  expect(changes).toHaveLength(2);
  overloads.remove(1);
  expect(changes.slice(2)).toEqual([isOver(0), { ...isOver(0), reason: 'memory' }]);
});
