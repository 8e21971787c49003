import { createServer } from 'node:http';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { listen } from '../../support/gateway.js';
import { until } from '../../support/until.js';

interface Events {
  emit(kind: string, name: string, value: number): void;
}

/** The processor has no types, as Artillery loads it as it is. */
interface Processor {
  randomlyKillService(context: object, events: Events, done: () => void): void;
}

const PROCESSOR = new URL('../artillery/processor.mjs', import.meta.url).href;
let fresh = 0;
const emit = vi.fn<Events['emit']>();
const done = vi.fn<() => void>();

/** @param nextAt answers of the run, one for each time that it is asked */
async function start(...nextAt: (number | undefined)[]) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.method);
    response.end(JSON.stringify({ nextAt: nextAt[asked.length - 1] }));
  });
  vi.stubEnv('CHAOS_FAULTS_URL', await listen(server));
  onTestFinished(() => void vi.unstubAllEnvs());
  // It remembers when the next fault is due.
  const processor = (await import(`${PROCESSOR}?${fresh++}`)) as Processor;
  return { asked, arrive: () => processor.randomlyKillService({}, { emit }, done), server };
}

beforeEach(() => void vi.clearAllMocks());

describe('randomlyKillService', () => {
  it('lets a user go on at once, and has faults injected when they are due', async () => {
    const { asked, arrive } = await start(0, Date.now() + 3_600_000);
    arrive();
    expect(done).toHaveBeenCalledOnce();
    await until('the first answer says that another fault is due', () => {
      arrive();
      return asked.length === 2;
    });
    expect(asked).toEqual(['POST', 'POST']);
  });

  it('asks once when the next fault is in the future', async () => {
    const { asked, arrive } = await start(Date.now() + 3_600_000);
    arrive();
    arrive();
    await until('it has asked', () => asked.length > 0);
    // The answer reaches the processor before that of a later request.
    await fetch(process.env['CHAOS_FAULTS_URL'] ?? '');
    arrive();
    arrive();
    await fetch(process.env['CHAOS_FAULTS_URL'] ?? '');
    expect(asked).toEqual(['POST', 'GET', 'GET']);
  });

  it('counts faults that could not be injected', async () => {
    const { arrive, server } = await start();
    server.close();
    arrive();
    await until('it is counted', () => emit.mock.calls.length > 0);
    expect(emit).toHaveBeenCalledWith('counter', 'chaos.faults_not_injected', 1);
  });
});
