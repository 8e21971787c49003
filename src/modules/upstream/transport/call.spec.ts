import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CancellationSource } from '../../../common/cancellation.js';
import { OUTCOMES } from '../../../common/errors/outcomes.js';
import type { UpstreamError } from '../upstream.error.js';
import { Call, type CallOptions } from './call.js';

const KIB = 1024;
const TIMEOUT = 3_000;
const CLOCK = { now: () => performance.now(), wall: () => Date.now() };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** undici's side of a call, which aborts as undici does: by reporting the reason as an error. */
class Controller {
  isPaused = false;
  isAborted = false;

  constructor(private readonly call: () => Call) {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  abort(reason: Error): void {
    this.isAborted = true;
    this.call().onResponseError(undefined, reason);
  }
}

function setUp(options: Partial<CallOptions> = {}) {
  const events: string[] = [];
  const client = new CancellationSource();
  const controller = new Controller(() => call);
  const undici = controller as unknown as Dispatcher.DispatchController;
  const call: Call = new Call({
    upstream: 'users',
    request: { signal: client },
    timeout: TIMEOUT,
    clock: CLOCK,
    onTimeout: 'deadline',
    bodyTimeout: 1_000,
    streamIdleTimeout: 0,
    failureStatuses: new Set([503]),
    onHead: ({ status }) => events.push(`head ${status}`),
    onFailure: ({ outcome }) => events.push(`failed ${outcome}`),
    ...options,
  });
  call.whenSettled((outcome, detail) => events.push(`settled ${outcome} ${detail}`));
  const head = (status = 200, headers = {}) => call.onResponseStart(undici, status, headers);
  const data = (bytes: number) => call.onResponseData(undici, Buffer.alloc(bytes));
  const end = () => call.onResponseEnd(undici, {});
  const sent = () => call.onRequestStart(undici);
  const cut = () => call.onResponseError(undici, Object.assign(new Error(), { code: 'ECONNRESET' }));
  /** A sink that reads at once, or not at all. */
  const stream = (isReading = true) => {
    call.stream({
      onData: (chunk, resume) => {
        events.push(`data ${chunk.length}`);
        if (!isReading) read = resume;
        return isReading;
      },
      onEnd: (outcome) => events.push(`end ${outcome}`),
      onError: ({ outcome }: UpstreamError) => events.push(`error ${outcome}`),
    });
  };
  let read = () => undefined as void;
  return { call, client, controller, events, head, data, end, sent, cut, stream, resume: () => read() };
}

describe('the head of a call', () => {
  it('is the response, and the end of its body settles the call', () => {
    const { events, sent, head, stream, data, end } = setUp();
    sent();
    head();
    stream();
    data(5);
    end();
    expect(events).toEqual(['head 200', 'data 5', 'settled success 200', 'end success']);
  });

  it('with a failure status settles the call as a failure once its body has ended', () => {
    const { events, sent, head, end } = setUp();
    sent();
    head(503);
    end();
    expect(events).toEqual(['head 503', 'settled upstream_status 503']);
  });

  it('is none when it is an interim response', () => {
    const { events, sent, head } = setUp();
    sent();
    head(103);
    expect(events).toEqual([]);
  });

  it.each([
    [101, {}],
    [600, {}],
    [200, { 'content-length': '5, 5' }],
  ])('is malformed: %d %o', (status, headers) => {
    const { events, sent, head, controller } = setUp();
    sent();
    head(status, headers);
    expect(events).toEqual([expect.stringMatching(/^settled malformed/), 'failed malformed_response']);
    expect(controller.isAborted).toBe(true);
  });
});

describe('a call that fails', () => {
  it('without a connection has failed to connect', () => {
    const { events, cut } = setUp();
    cut();
    expect(events).toEqual(['settled connect_failed ECONNRESET', 'failed connect_failed']);
  });

  it('before its head is a reset, and after it has died in the body', () => {
    const before = setUp();
    before.sent();
    before.cut();
    expect(before.events).toEqual(['settled reset ECONNRESET', 'failed reset']);
    const after = setUp();
    after.sent();
    after.head();
    after.stream();
    after.cut();
    expect(after.events).toEqual(['head 200', 'settled died_mid_body ECONNRESET', 'error died_mid_body']);
  });

  it('tells a sink that comes later', () => {
    const { events, sent, head, data, cut, stream } = setUp();
    sent();
    head();
    data(5);
    cut();
    stream();
    expect(events.slice(-2)).toEqual(['data 5', 'error died_mid_body']);
  });
});

describe('the time of a call', () => {
  it.each(['deadline', 'short_deadline', 'try_timeout'] as const)(
    'ends it before its head: %s',
    (onTimeout) => {
      const { events, sent, controller } = setUp({ onTimeout });
      sent();
      vi.advanceTimersByTime(TIMEOUT);
      expect(events).toEqual([`settled ${onTimeout} ${onTimeout}`, `failed ${onTimeout}`]);
      expect(controller.isAborted).toBe(true);
    },
  );

  it.each([
    [1_000, 'stalled'],
    [999, 'reset'],
  ])('ends with a connection that breaks after the process stood still for %i ms: %s', (ms, outcome) => {
    let lost = 0;
    const { events, sent, cut } = setUp({ clock: { ...CLOCK, lostMs: () => lost } });
    sent();
    lost += ms;
    cut();
    expect(events).toEqual([`settled ${outcome} ECONNRESET`, `failed ${outcome}`]);
  });

  it.each([
    ['sends its body slowly: stalled', 1_000, false, 'stalled'],
    ['sends its body: reset', 999, false, 'reset'],
    ['has sent its body slowly: reset', 5_000, true, 'reset'],
  ])('ends with a connection that breaks while the client %s', (_, ms, isSent, outcome) => {
    const uploading = new Readable({ read: () => undefined });
    const { events, sent, cut } = setUp({ request: { body: uploading } });
    sent();
    uploading.emit('resume');
    vi.advanceTimersByTime(ms);
    if (isSent) uploading.emit('end');
    cut();
    expect(events).toEqual([`settled ${outcome} ECONNRESET`, `failed ${outcome}`]);
  });

  it('does not include the time in which the process stood still', () => {
    let lost = 5_000;
    const { events, sent } = setUp({ clock: { ...CLOCK, lostMs: () => lost } });
    sent();
    lost += 20;
    vi.advanceTimersByTime(TIMEOUT + 19);
    expect(events).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(events).toContain('failed deadline');
  });

  it('aborts a request that gets its connection only afterwards', () => {
    const { events, sent, controller } = setUp();
    vi.advanceTimersByTime(TIMEOUT);
    expect(events).toEqual(['settled deadline deadline', 'failed deadline']);
    sent();
    expect(controller.isAborted).toBe(true);
  });

  it('ends with the head', () => {
    const { events, sent, head } = setUp();
    sent();
    head();
    vi.advanceTimersByTime(10 * TIMEOUT);
    expect([events, vi.getTimerCount()]).toEqual([['head 200'], 0]);
  });

  it('does not run while the client sends, and runs anew when the upstream stops reading', () => {
    const uploading = new Readable({ read: () => undefined });
    const { events, sent } = setUp({ request: { body: uploading } });
    sent();
    uploading.emit('resume');
    vi.advanceTimersByTime(10 * TIMEOUT);
    expect(events).toEqual([]);
    uploading.emit('pause');
    vi.advanceTimersByTime(TIMEOUT);
    expect(events).toEqual(['settled deadline deadline', 'failed deadline']);
  });
});

describe('a client that leaves', () => {
  it('ends the call with nobody to blame, and once', () => {
    const { events, sent, client, head } = setUp();
    sent();
    client.abort();
    head();
    expect(events.slice(0, 2)).toEqual(['settled client_gone client_gone', 'failed client_gone']);
  });

  it('was gone before the call began', () => {
    const client = new CancellationSource();
    client.abort();
    const { events } = setUp({ request: { signal: client } });
    // The failure comes first: nobody could listen earlier.
    expect(events).toEqual(['failed client_gone', 'settled client_gone client_gone']);
  });
});

describe('back-pressure', () => {
  it('pauses the upstream when 64 KiB wait for a sink, and resumes it for one that reads', () => {
    const { sent, head, data, stream, controller } = setUp();
    sent();
    head();
    data(64 * KIB);
    expect(controller.isPaused).toBe(false);
    data(1);
    expect(controller.isPaused).toBe(true);
    stream();
    expect(controller.isPaused).toBe(false);
  });

  it('pauses the upstream while the sink does not read', () => {
    const { sent, head, data, stream, controller, resume } = setUp();
    sent();
    head();
    stream(false);
    data(1);
    expect(controller.isPaused).toBe(true);
    resume();
    expect(controller.isPaused).toBe(false);
  });
});

describe('a discarded response', () => {
  it('is read to its end when it is short', async () => {
    const { call, events, sent, head, data, end, controller } = setUp();
    sent();
    head(503);
    data(KIB);
    const discarded = call.discard();
    data(KIB);
    end();
    await discarded;
    expect([events.at(-1), controller.isAborted]).toEqual(['settled upstream_status 503', false]);
  });

  it.each([
    [503, 'upstream_status'],
    [200, 'discarded'],
  ])('with status %d is given up as %s when its body grows too long', async (status, outcome) => {
    const { call, events, sent, head, data } = setUp();
    sent();
    head(status);
    const discarded = call.discard();
    data(64 * KIB);
    expect(events).toHaveLength(1);
    data(1);
    await discarded;
    expect(events.at(-1)).toBe(`settled ${outcome} ${outcome}`);
  });

  it('is given up at once when it is announced to be long', async () => {
    const { call, sent, head, controller } = setUp();
    sent();
    head(200, { 'content-length': String(64 * KIB + 1) });
    await call.discard();
    expect(controller.isAborted).toBe(true);
  });
});

describe('a whole body', () => {
  it('is one chunk that came with the head', () => {
    const { call, sent, head, data, end } = setUp();
    sent();
    head();
    data(5);
    expect(call.whole()).toBeUndefined();
    end();
    expect(call.whole()).toEqual({ bytes: Buffer.alloc(5), outcome: 'success' });
  });
});

it('a call of a process that is always late ends after twice its timeout', () => {
  const start = performance.now();
  const { events, sent } = setUp({ clock: { ...CLOCK, lostMs: () => performance.now() - start } });
  sent();
  vi.advanceTimersByTime(2 * TIMEOUT - 1);
  expect(events).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(events).toContain('failed deadline');
});

describe('a body that pauses', () => {
  it('is cut after `bodyTimeout`, without a failure of the upstream', () => {
    const { events, sent, head, data, stream } = setUp();
    sent();
    head();
    stream();
    vi.advanceTimersByTime(600);
    data(5);
    vi.advanceTimersByTime(999);
    expect(events).toEqual(['head 200', 'data 5']);
    vi.advanceTimersByTime(1);
    expect(events.slice(2)).toEqual(['settled body_timeout body_timeout', 'error body_timeout']);
    expect(OUTCOMES.body_timeout.vote).toBe('neutral');
  });

  it.each(['resume', 'pause', 'end'])(
    'is cut also when the upload goes on with `%s` behind the head',
    (event) => {
      const uploading = new Readable({ read: () => undefined });
      const { events, sent, head, stream } = setUp({ request: { body: uploading } });
      sent();
      head();
      stream();
      uploading.emit(event);
      vi.advanceTimersByTime(1_000);
      expect(events.at(-1)).toBe('error body_timeout');
    },
  );

  it('is not cut while the client is the slow side', () => {
    const { events, sent, head, data, stream, resume } = setUp();
    sent();
    head();
    stream(false);
    data(5);
    vi.advanceTimersByTime(5_000);
    expect(events).toEqual(['head 200', 'data 5']);
    resume();
    vi.advanceTimersByTime(1_000);
    expect(events).toContain('error body_timeout');
  });

  it.each([
    [0, 'is never cut'],
    [5_000, 'is cut after `streamIdleTimeout`'],
  ])('and is an event stream with streamIdleTimeout %i %s', (streamIdleTimeout) => {
    const { events, sent, head, stream } = setUp({ streamIdleTimeout });
    sent();
    head(200, { 'content-type': 'text/event-stream' });
    stream();
    vi.advanceTimersByTime(4_999);
    expect(events).toEqual(['head 200']);
    vi.advanceTimersByTime(1_000_000);
    expect(events.includes('error body_timeout')).toBe(streamIdleTimeout > 0);
  });

  it.each([
    [500, 'stalled'],
    [499, 'died_mid_body'],
  ])('twice for a client that reads nothing for %i ms, and is then cut, ends as %s', (ms, outcome) => {
    const { events, sent, head, data, stream, cut, resume } = setUp();
    sent();
    head();
    stream(false);
    for (let pause = 0; pause < 2; pause++) {
      data(1);
      vi.advanceTimersByTime(ms);
      resume();
    }
    cut();
    expect(events.at(-1)).toBe(`error ${outcome}`);
    expect(OUTCOMES.stalled.vote).toBe('neutral');
  });

  it('leaves no timer behind when it ends', () => {
    const { sent, head, stream, end } = setUp();
    sent();
    head();
    stream();
    end();
    expect(vi.getTimerCount()).toBe(0);
  });
});
