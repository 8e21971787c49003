import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { Load } from '../support/load.js';
import { canLosePackets, spawnBehindLoss } from '../support/lossy-network.js';
import { metric } from '../support/metrics.js';
import { spawnGateway } from '../support/process.js';
import { badLine } from '../support/bad-line.js';
import { until } from '../support/until.js';

const CLIENTS = 4;
/** Milliseconds; TCP waits at least so long before it sends a lost packet again (RTO of Linux). */
const RESENT_AFTER = 200;
/** Several packets, so that some are lost in the middle of an answer. */
const BODY = 'fine '.repeat(2_000).trim();

interface Line {
  readonly url: string;
  /** Packets that were lost so far, or what would have been. */
  readonly lost: () => number | Promise<number>;
}

const LINES: Record<string, () => Promise<Line>> = {
  'that stands still for a while, as TCP does after each loss': async () => {
    const url = await listen(createServer((req, res) => void req.resume().on('end', () => res.end(BODY))));
    const line = await badLine(url, { every: 20, hold: RESENT_AFTER });
    return { url: line.url, lost: line.heldUp };
  },
  ...(canLosePackets && {
    'whose kernel drops one packet of twenty': () =>
      spawnBehindLoss(`
        const server = require('node:http').createServer((req, res) => {
          req.resume().on('end', () => res.end(${JSON.stringify(BODY)}));
        });
        server.listen(0, () => console.log(JSON.stringify({ port: server.address().port })));
      `),
  }),
};

describe.each(Object.entries(LINES))('an upstream behind a line %s', (_, start) => {
  it('fails no request and delays only those whose packets were lost', { timeout: 180_000 }, async () => {
    const line = await start();
    const near = await listen(createServer((_req, res) => void res.end('near')));
    // A handshake has to outlast a loss as well: it is sent again after a second.
    const { url, managementUrl } = await spawnGateway(`
      server: { host: 127.0.0.1, port: 0 }
      management: { port: 0 }
      upstreams:
        far: { url: "${line.url}", timeout: 30s, connectTimeout: 20s }
        near: { url: "${near}" }
      routes:
        - { id: far, match: { path: /far }, upstream: far }
        - { id: near, match: { path: /near }, upstream: near }
    `);
    const load = {
      far: new Load(`${url}/far`, { clients: CLIENTS, pace: 2 }),
      near: new Load(`${url}/near`, { clients: CLIENTS, pace: 20 }),
    };
    const [far, beside] = [load.far.fromNow(), load.near.fromNow()];
    await until(
      'many were answered, some of them late',
      async () => far.total > 300 && (await line.lost()) > 20 && far.countSlow(RESENT_AFTER * 0.9) > 5,
      120_000,
    );
    const post = await fetch(`${url}/far`, { method: 'POST', body: 'order '.repeat(5_000) });
    expect([post.status, await post.text()]).toEqual([200, BODY]);
    await Promise.all([load.far.stop(), load.near.stop()]);

    expect(far.answers.map((each) => each.slice(0, 20))).toEqual([`200 ${BODY}`.slice(0, 20)]);
    expect(far.count(`200 ${BODY}`)).toBe(far.total);
    // A tail: most of them notice nothing.
    expect(far.countSlow(RESENT_AFTER * 0.9)).toBeLessThan(far.total / 2);
    expect(beside.answers).toEqual(['200 near']);
    // TCP has mended it: nothing was tried twice, and nobody was blamed.
    expect(await metric(managementUrl, 'breakwater_retries_total')).toBe(0);
    expect(await metric(managementUrl, 'breakwater_breaker_transitions_total')).toBe(0);
    const tries = (labels = {}) =>
      metric(managementUrl, 'breakwater_upstream_requests_total', { upstream: 'far', ...labels });
    expect(await tries({ outcome: 'success' })).toBe(await tries());
  });
});
