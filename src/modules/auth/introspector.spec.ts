import { createServer } from 'node:http';
import { HttpService } from '@nestjs/axios';
import { describe, expect, it } from 'vitest';
import { listen } from '../../../test/support/gateway.js';
import type { AuthProviderConfig } from '../config/gateway-config.js';
import type { Identity } from '../routing/identity.js';
import { Unavailable } from './refusal.js';
import { Introspector } from './introspector.js';

const WALL = 1_800_000_000_000;

async function setUp(answer: object) {
  let held: Promise<void> | undefined;
  const idp = {
    answer,
    status: 200,
    asked: 0,
    /** @returns what lets the answers go that are held back from now on */
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return () => {
        held = undefined;
        resolve();
      };
    },
  };
  const url = await listen(
    createServer((_req, res) => {
      idp.asked++;
      const end = () => res.writeHead(idp.status).end(JSON.stringify(idp.answer));
      if (held) void held.then(end);
      else end();
    }),
  );
  const clock = { time: 5_000_000, wallTime: WALL, now: () => clock.time, wall: () => clock.wallTime };
  // As much of a provider as an introspector looks at.
  const config = { clockSkew: 60_000, forwardClaims: {} } as AuthProviderConfig;
  const introspection = { url, clientId: 'gw', clientSecret: 's', timeout: 5_000, maxAge: 60_000 };
  const introspector = new Introspector('opaque', config, introspection, new HttpService(), clock);
  /** @returns the verdict in short, and the whole one if it is good */
  const verify = async (token = 'opaque') => {
    const verdict = await introspector.verify(token);
    if (typeof verdict === 'string') return verdict;
    return verdict instanceof Unavailable ? `away for ${verdict.retryAfter}` : verdict;
  };
  return { idp, clock, verify };
}

describe('Introspector', () => {
  it('accepts a token until it expires, or until the response is too old', async () => {
    const exp = WALL / 1000 + 10;
    const { verify, clock } = await setUp({ active: true, sub: 'alice', exp });
    const verdict = await verify();
    expect(verdict).toMatchObject({ identity: { subject: 'alice' }, expiresAtMs: (exp + 60) * 1000 });
    const { key } = verdict as { key: { retired: boolean } };
    // The wall clock has no say in how old an answer is.
    clock.wallTime -= 7_200_000;
    clock.time += 59_999;
    expect(key.retired).toBe(false);
    clock.time += 1;
    expect(key.retired).toBe(true);
  });

  it('accepts a response without exp', async () => {
    for (const answer of [{ active: true }, { active: true, exp: null }]) {
      const { verify } = await setUp(answer);
      const verdict = await verify();
      // Nothing is claimed that the issuer has not said.
      expect(verdict).toMatchObject({ identity: { subject: '', claims: answer }, key: { retired: false } });
      expect((verdict as { identity: Identity }).identity.claims).toEqual(answer);
    }
  });

  it.each([
    ['is not active', { active: false }, 'inactive'],
    ['is active in words only', { active: 'true' }, 'inactive'],
    ['is active by a number', { active: 1 }, 'inactive'],
    ['has expired', { active: true, exp: WALL / 1000 - 60 }, 'expired'],
    ['has not begun', { active: true, nbf: WALL / 1000 + 61 }, 'not_yet_valid'],
    ['is from somebody else', { active: true, iss: 1 }, 'claims'],
    ['ends on a date that is text', { active: true, exp: '1' }, 'claims'],
  ])('refuses a token that %s', async (_, answer, verdict) => {
    const { verify, idp, clock } = await setUp(answer);
    expect(await verify()).toBe(verdict);
    // And remembers it for ten seconds.
    clock.time += 9_999;
    expect([await verify(), idp.asked]).toEqual([verdict, 1]);
    clock.time += 1;
    expect([await verify(), idp.asked]).toEqual([verdict, 2]);
  });

  it('pauses for five seconds after five failures in a row, then tries once', async () => {
    const { verify, idp, clock } = await setUp({ active: true });
    idp.status = 500;
    for (let i = 0; i < 4; i++) expect(await verify(`${i}`)).toBe('away for 1');
    expect(await verify()).toBe('away for 5');
    clock.time += 4_000;
    expect([await verify(), idp.asked]).toEqual(['away for 1', 5]);
    clock.time += 1_000;
    expect([await verify(), idp.asked]).toEqual(['away for 5', 6]);
    clock.time += 5_000;
    idp.status = 200;
    expect(await verify()).toMatchObject({ identity: {} });
    idp.status = 500;
    expect(await verify('other')).toBe('away for 1');
  });

  it.each([400, 413, 414, 431])(
    'counts no answer to a token that the endpoint will not read: %d',
    async (status) => {
      const { verify, idp } = await setUp({ active: true });
      idp.status = status;
      for (let i = 0; i < 6; i++) expect(await verify(`${i}`)).toBe('away for 1');
      idp.status = 200;
      expect(await verify()).toMatchObject({ identity: {} });
    },
  );

  it.each([401, 403, 404, 405, 410, 429, 500, 302])(
    'counts an answer that is about the gateway: %d',
    async (status) => {
      const { verify, idp } = await setUp({ active: true });
      idp.status = status;
      for (let i = 0; i < 4; i++) expect(await verify(`${i}`)).toBe('away for 1');
      expect(await verify()).toBe('away for 5');
    },
  );

  it('asks about at most 32 unknown tokens at a time, and about each token once', async () => {
    const { verify, idp } = await setUp({ active: true });
    const verdicts = await Promise.all(Array.from({ length: 200 }, (_, i) => verify(`${i % 100}`)));
    expect(verdicts.filter((each) => each === 'away for 1')).toHaveLength(136);
    expect(idp.asked).toBe(32);
  });

  it('keeps half of its places for tokens that were valid before', async () => {
    const { verify, idp } = await setUp({ active: true });
    const known = Array.from({ length: 40 }, (_, i) => `known-${i}`);
    for (const token of known) expect(await verify(token)).toMatchObject({ identity: {} });
    const answer = idp.hold();
    const strangers = Array.from({ length: 40 }, (_, i) => verify(`unknown-${i}`));
    const users = known.map((token) => verify(token));
    answer();
    const refused = async (verdicts: readonly Promise<unknown>[]) =>
      (await Promise.all(verdicts)).filter((each) => each === 'away for 1').length;
    expect([await refused(strangers), await refused(users)]).toEqual([8, 8]);
    // All places are free again.
    expect(await refused(Array.from({ length: 32 }, (_, i) => verify(`later-${i}`)))).toBe(0);
  });

  it('keeps no place for a token that is no longer valid', async () => {
    const { verify, idp, clock } = await setUp({ active: true });
    expect(await verify('revoked')).toMatchObject({ identity: {} });
    idp.answer = { active: false };
    expect(await verify('revoked')).toBe('inactive');
    clock.time += 10_000;
    const answer = idp.hold();
    const strangers = Array.from({ length: 32 }, (_, i) => verify(`unknown-${i}`));
    const last = verify('revoked');
    answer();
    expect(await last).toBe('away for 1');
    await Promise.all(strangers);
  });
});
