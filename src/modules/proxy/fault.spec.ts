import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { Exchange, type ExchangeHead } from '../routing/exchange.js';
import { injectFault } from './fault.js';

const HOUR = 3_600_000;

function exchange(): Exchange {
  const head: Partial<ExchangeHead> = { match: { kind: 'none' } };
  return new Exchange({} as Request, {} as Response, head as ExchangeHead, 0);
}

describe('injectFault', () => {
  it('ends the delay of a request as soon as its client leaves', async () => {
    const waiting = exchange();
    const result = injectFault(waiting, {
      delay: { percent: 1, for: HOUR },
      abort: { percent: 1, status: 500 },
    });
    waiting.abandon();
    expect(await result).toBe(false);
    expect(waiting.outcome).toBeUndefined();
  });

  it('does not touch requests outside its share', async () => {
    const spared = { delay: { percent: 0, for: HOUR }, abort: { percent: 0, status: 500 } };
    expect(await injectFault(exchange(), spared)).toBe(true);
    expect(await injectFault(exchange(), {})).toBe(true);
  });

  it('fails with the status of the drill', async () => {
    const failed = exchange();
    await expect(injectFault(failed, { abort: { percent: 1, status: 429 } })).rejects.toMatchObject({
      code: 'fault_injected',
      status: 429,
    });
    expect(failed.outcome).toBe('fault_injected');
  });
});
