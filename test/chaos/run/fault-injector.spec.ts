import { expect, it, onTestFinished } from 'vitest';
import { FaultInjector } from './fault-injector.js';
import { startService } from './services.js';

it('waits for the end of a fault before it injects the next one into a service', async () => {
  const users = await startService('users');
  onTestFinished(() => users.kill());
  const plan = [
    { target: 'users', kind: 'restart', at: 0, for: 0 },
    { target: 'users', kind: 'slow', at: 0, for: 0 },
  ] as const;
  const injector = new FaultInjector(plan, new Map([['users', users]]));
  injector.begin(Date.now());
  injector.injectDue();
  await injector.settled();
  const [restart, slow] = injector.injected;
  expect([restart?.kind, slow?.kind]).toEqual(['restart', 'slow']);
  expect(slow?.from).toBeGreaterThanOrEqual(restart?.to ?? Infinity);
});
