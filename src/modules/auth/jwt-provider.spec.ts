import { expect, it } from 'vitest';
import { token } from '../../../test/support/tokens.js';
import type { AuthProviderConfig } from '../config/gateway-config.js';
import { type FoundKeys, JwtProvider } from './jwt-provider.js';

import { readToken } from './bearer-token.js';
import { VerificationKey } from './verification-key.js';

const SECRET = 'a secret of more than thirty-two bytes';
const NOW = 1_800_000_000;

it('reads the clock after it has waited for keys', async () => {
  // As much of a provider as one with a secret needs.
  const config = { secret: SECRET, algorithms: ['HS256'], clockSkew: 0 } as unknown as AuthProviderConfig;
  const fetched = Promise.withResolvers<FoundKeys>();
  const clock = { seconds: NOW, now: () => 0, wall: () => clock.seconds * 1000 };
  const provider = new JwtProvider('main', config, () => fetched.promise, clock);
  const text = token({ exp: NOW + 5 }, { key: SECRET });
  const verdict = provider.verify(text, readToken(text)!);
  clock.seconds += 10;
  fetched.resolve([VerificationKey.ofConfig(config)]);
  expect(await verdict).toBe('expired');
});
