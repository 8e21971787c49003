import { Logger } from '@nestjs/common';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Event } from '../../common/event.js';
import { PluginError } from '../plugins/plugin-failure.js';
import type { Plugins } from '../plugins/plugins.service.js';
import { PluginLog } from './plugin.log.js';

const trap = (): never => {
  throw new Error('trapped');
};

it.each([
  ['an object without a prototype', Object.create(null)],
  ['an object whose text throws', { toString: trap }],
  ['a proxy whose traps throw', new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap })],
])('a plugin that throws %s is named, in ten lines a second at most', (_, thrown: unknown) => {
  const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
  onTestFinished(() => log.mockRestore());
  const failed = new Event<PluginError>();
  new PluginLog({ failed } as Plugins, { now: () => 5000 } as never).onModuleInit();
  for (let i = 0; i < 60; i++) failed.emit(new PluginError('probe', 'request', 'error', thrown));
  const entry = { message: 'plugin failed', plugin: 'probe', kind: 'request', reason: 'error' };
  expect(log.mock.calls).toMatchObject(
    Array.from({ length: 10 }, () => [{ ...entry, err: { message: 'a value that has no text' } }]),
  );
});
