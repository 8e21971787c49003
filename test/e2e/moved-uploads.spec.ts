import { createServer } from 'node:https';
import { expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { gateway, listen } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

/** The first target demands a certificate of the gateway, which has none; so nearly all calls move to the second. */
const YAML = `
upstreams:
  files:
    targets: [{ url: "\${STRICT_URL}", weight: 100 }, { url: "\${FILES_URL}" }]
    tls: { insecureSkipVerify: true }
    balancer: random
routes: [{ id: files, match: { path: /** }, upstream: files }]
`;

it('an upload that has moved to another target counts as a stream while its client is slow', async () => {
  const authority = Authority.create();
  const server = { ...authority.issue('IP:127.0.0.1'), ca: authority.ca, requestCert: true };
  const strict = await listen(createServer(server));
  const files = recording((req, res) => void req.resume().once('end', () => res.end('stored')));
  const gw = await gateway(YAML)
    .withUpstream('files', files.handler)
    .withEnv({ STRICT_URL: strict.replace('http:', 'https:') })
    .start();
  const gauge = (name: string) => gw.metric(`breakwater_bulkhead_${name}{upstream="files"}`);
  const client = await RawConnection.to(gw.url);
  client.send(requestHead('POST /', 'Content-Length: 4', 'Connection: close'));
  await until('it counts as a stream', async () => (await gauge('streams')) === 1, 5_000);
  expect(await gauge('in_flight')).toBe(0);
  client.send('1234');
  await client.until('stored');
  await until('its place is free', async () => (await gauge('streams')) === 0);
});
