import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { definePlugin, z } from 'breakwater/plugin';

const keysSchema = z.array(
  z.strictObject({
    partner: z.string().min(1),
    /** SHA-256 of the key in hexadecimal: the file has no keys. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    scopes: z.array(z.string()).default([]),
  }),
);

/** Knows partners by keys whose hashes are in a JSON file beside the configuration. */
export default definePlugin({
  name: 'api-keys',
  options: z.strictObject({ file: z.string(), header: z.string().default('X-Partner-Key') }),
  auth: ({ file, header }, { folder }) => {
    const partners = keysSchema
      .parse(JSON.parse(readFileSync(resolve(folder, file), 'utf8')))
      .map(({ sha256, ...partner }) => ({ ...partner, hash: Buffer.from(sha256, 'hex') }));
    return {
      headers: [header],
      challenge: 'PartnerKey realm="shop"',
      authenticate({ headers }) {
        const key = headers[header.toLowerCase()];
        if (typeof key !== 'string') return 'missing';
        const hash = createHash('sha256').update(key).digest();
        // Every key is compared in constant time, so that the response time reveals nothing about the keys.
        let found;
        for (const partner of partners) if (timingSafeEqual(partner.hash, hash)) found = partner;
        if (found === undefined) return 'invalid';
        return { subject: found.partner, scopes: found.scopes, claims: { kind: 'partner' } };
      },
    };
  },
});
