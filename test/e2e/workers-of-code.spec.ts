import { Logger } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import { gateway } from '../support/gateway.js';

afterEach(() => void vi.restoreAllMocks());

it.each([
  ['server: { workers: 2 }', 1],
  ['server: { workers: auto }', 1],
  ['routes: []', 0],
])('Gateway.start warns that it does not start workers: %s', async (yaml, warnings) => {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  await gateway(yaml).start();
  expect(warn.mock.calls.flat().filter((each) => String(each).includes('server.workers'))).toHaveLength(
    warnings,
  );
});
