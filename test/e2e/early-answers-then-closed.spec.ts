import type { Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { gateway, listen } from '../support/gateway.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

const YAML = `
upstreams:
  plain: { url: "\${PLAIN_URL}", retry: { attempts: 0 } }
  secure: { url: "\${SECURE_URL}", retry: { attempts: 0 }, tls: { ca: "\${CA}" } }
routes:
  - { id: plain, match: { path: /plain }, upstream: plain }
  - { id: secure, match: { path: /secure }, upstream: secure }
`;
const UPLOADS = 20;
const authority = Authority.create();

/** Closing a socket that has unread bytes resets its connection. */
function answerUnread(socket: Socket): void {
  socket
    .on('error', () => undefined)
    .once('data', () => {
      socket
        .pause()
        .write(ok('too large').replace('200 OK', '413 Content Too Large'), () => socket.destroy());
    });
}

describe('an upstream that answers an upload early and closes the connection without reading the rest', () => {
  it.each(['plain', 'secure'])(
    'has each of its answers delivered, without a failure vote: %s',
    async (upstream) => {
      const secure = await listen(createSecureServer(authority.issue('IP:127.0.0.1'), answerUnread));
      const { server } = rawUpstream();
      server.removeAllListeners('connection').on('connection', answerUnread);
      const gw = await gateway(YAML)
        .withUpstream('plain', server)
        .withEnv({ CA: authority.ca, SECURE_URL: secure.replace('http:', 'https:') })
        .start();
      const upload = async () => {
        const response = await gw.fetch(`/${upstream}`, { method: 'POST', body: Buffer.alloc(300_000) });
        return `${response.status} ${await response.text()}`;
      };
      const answers = await Promise.all(Array.from({ length: UPLOADS }, upload));
      expect(answers).toEqual(Array(UPLOADS).fill('413 too large'));
      const outcome = `breakwater_upstream_requests_total{upstream="${upstream}",outcome="success"}`;
      expect(await gw.metric(outcome)).toBe(UPLOADS);
    },
  );
});
