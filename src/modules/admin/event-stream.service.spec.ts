import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { listen } from '../../../test/support/gateway.js';
import { isoAt, pictureOf, START } from '../../../test/support/reports.js';
import { until } from '../../../test/support/until.js';
import { Timeline } from '../timeline/timeline.js';
import { EventStream } from './event-stream.service.js';
import type { OverviewService } from './overview.service.js';

const MIB = 1024 * 1024;
const LARGE = 64 * 1024;

/** A stream behind a real server, with the response of each reader in the order in which they came. */
async function start() {
  const timeline = new Timeline({ now: () => 0, wall: () => START });
  const { gateway, topRoutes } = pictureOf([]);
  const overview = { at: isoAt(0), gateway, topRoutes, upstreams: [] as { id: string; inFlight: number }[] };
  const stream = new EventStream(
    timeline,
    // The members that the stream reads.
    { read: () => Promise.resolve(overview) } as unknown as OverviewService,
    { phase: 'serving' },
  );
  const opened: ServerResponse[] = [];
  const server = createServer((_req, res) => {
    opened.push(res);
    // Express's response is one of Node's.
    void stream.open(res as Parameters<EventStream['open']>[0], undefined);
  });
  const url = await listen(server);
  const read = async () => {
    const req = get(url, { agent: false });
    onTestFinished(() => void req.destroy());
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    return res.setEncoding('utf8');
  };
  /** Adds an event of 64 KiB. */
  const add = () => {
    const error = 'x'.repeat(LARGE);
    timeline.add({ kind: 'reload', cause: 'file', result: 'failed', revision: 1, hash: 'a1', error });
  };
  return { opened, read, add, overview };
}

describe('the stream of events', () => {
  // Sockets are real, and their timers as well.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  it('sends a comment every 15 seconds, by which a reader knows that the connection lives', async () => {
    const { read } = await start();
    let text = '';
    (await read()).on('data', (chunk: string) => (text += chunk));
    await until('the overview is here', () => text.includes('event: overview'));
    const comments = () => text.split('\n').filter((line) => line === ':').length;
    await vi.advanceTimersByTimeAsync(14_999);
    expect(comments()).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    await until('the first comment', () => comments() === 1);
    await vi.advanceTimersByTimeAsync(15_000);
    await until('the second comment', () => comments() === 2);
  });

  it('sends a new reader what has changed back since its overview', async () => {
    const { read, overview } = await start();
    const become = (inFlight: number) => (overview.upstreams = [{ id: 'users', inFlight }]);
    const open = async () => {
      const texts: string[] = [];
      (await read()).on('data', (chunk: string) => texts.push(chunk));
      await until('the overview is here', () => texts.join('').includes('event: overview'));
      return texts;
    };
    become(1);
    const first = await open();
    await vi.advanceTimersByTimeAsync(1_000);
    await until('the first tick', () => first.join('').includes('event: tick'));
    become(2);
    const second = await open();
    become(1);
    await vi.advanceTimersByTimeAsync(1_000);
    await until('a tick', () => second.join('').includes('event: tick'));
    expect(/event: tick\ndata: (.*)/.exec(second.join(''))?.[1]).toContain('{"id":"users","inFlight":1}');
  });

  it('cuts off a reader for which more than 1 MiB waits, and no other', async () => {
    const { opened, read, add } = await start();
    const slow = (await read()).on('error', () => undefined);
    const isOpen = () => opened[0]?.destroyed === false;
    let received = 0;
    (await read()).on('data', (chunk: string) => (received += chunk.length));
    let sent = 0;
    let waiting = 0;
    // What sockets hold comes on top.
    while (isOpen() && sent < 64 * MIB) {
      waiting = opened[0]?.writableLength ?? 0;
      add();
      sent += LARGE;
      await until('the other reader has it', () => received >= sent);
    }
    expect(waiting).toBeGreaterThan(MIB);
    expect(waiting).toBeLessThan(MIB + 2 * LARGE);
    expect(slow.complete).toBe(false);
    expect(opened[1]?.destroyed).toBe(false);
  });
});
