import { createPublicKey, createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { TokenAlgorithm } from '../config/gateway-config.js';
import { readToken } from './bearer-token.js';
import { VerificationKey } from './verification-key.js';

const CLAIMS =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

interface Example {
  readonly algorithm: TokenAlgorithm;
  readonly key: Record<string, string>;
  readonly token: readonly [header: string, payload: string, signature: string];
}

const EXAMPLES: Readonly<Record<string, Example>> = {
  'RFC 7515 A.1, which is RFC 7519 3.1': {
    algorithm: 'HS256',
    key: { k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow' },
    token: [
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9',
      CLAIMS,
      'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    ],
  },
  'RFC 7515 A.2': {
    algorithm: 'RS256',
    key: {
      kty: 'RSA',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    },
    token: [
      'eyJhbGciOiJSUzI1NiJ9',
      CLAIMS,
      'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
    ],
  },
  'RFC 7515 A.3': {
    algorithm: 'ES256',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    token: [
      'eyJhbGciOiJFUzI1NiJ9',
      CLAIMS,
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
    ],
  },
  'RFC 7515 A.4': {
    algorithm: 'ES512',
    key: {
      kty: 'EC',
      crv: 'P-521',
      x: 'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk',
      y: 'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2',
    },
    token: [
      'eyJhbGciOiJFUzUxMiJ9',
      'UGF5bG9hZA',
      'AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn',
    ],
  },
  'RFC 8037 A.4': {
    algorithm: 'EdDSA',
    key: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    token: [
      'eyJhbGciOiJFZERTQSJ9',
      'RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc',
      'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
    ],
  },
};

describe('the published examples', () => {
  it.each(Object.entries(EXAMPLES))('are verified: %s', (_, { algorithm, key, token }) => {
    const object =
      key['k'] === undefined
        ? createPublicKey({ key, format: 'jwk' })
        : createSecretKey(Buffer.from(key['k'], 'base64url'));
    const verifier = new VerificationKey(object, [algorithm]);
    expect(verifier.signed(token.join('.'), algorithm)).toBe(true);
    const [header, payload, signature] = token;
    const bent = Buffer.from(signature, 'base64url');
    bent[10] = (bent[10] ?? 0) ^ 1;
    expect(verifier.signed([header, payload, bent.toString('base64url')].join('.'), algorithm)).toBe(false);
  });

  it('are read, if they are tokens: those with claims', () => {
    const read = Object.values(EXAMPLES).map(({ token }) => readToken(token.join('.'))?.claims['iss']);
    expect(read).toEqual(['joe', 'joe', 'joe', undefined, undefined]);
  });

  it.each([
    ['RFC 7515 A.5 and RFC 7519 6.1, which is unsecured', `eyJhbGciOiJub25lIn0.${CLAIMS}.`],
    [
      'RFC 7515 E, with an extension that is unknown',
      'eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.',
    ],
  ])('are refused: %s', (_, token) => {
    expect(readToken(token)).toBeUndefined();
  });
});
