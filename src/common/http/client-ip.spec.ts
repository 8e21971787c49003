import { expect, it } from 'vitest';
import { clientIp } from './client-ip.js';
import { compileTrust } from './trust.js';

const trusted = compileTrust(['10.0.0.0/8']);

it.each([
  ['1.1.1.1', undefined, '1.1.1.1'],
  ['1.1.1.1', '6.6.6.6', '1.1.1.1'],
  ['10.0.0.1', undefined, '10.0.0.1'],
  ['10.0.0.1', '2.2.2.2', '2.2.2.2'],
  ['10.0.0.1', '6.6.6.6, 2.2.2.2', '2.2.2.2'],
  ['10.0.0.1', '6.6.6.6, 2.2.2.2, 10.0.0.2', '2.2.2.2'],
  ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['10.0.0.1', ' ', '10.0.0.1'],
  ['10.0.0.1', 'unknown', 'unknown'],
])('peer %s that says %s is client %s', (peer, forwardedFor, client) => {
  expect(clientIp(peer, forwardedFor, trusted)).toBe(client);
});
