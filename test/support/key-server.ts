import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { listen } from './gateway.js';
import { token } from './tokens.js';

type Claims = Readonly<Record<string, unknown>>;

/** A key pair of an issuer in the test. */
export class IssuerKey {
  private readonly pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  constructor(readonly id: string | undefined) {}

  get publicKey(): KeyObject {
    return this.pair.publicKey;
  }

  /** @returns the key as a JWK set lists it */
  jwk(more: object = {}): object {
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.id, use: 'sig', alg: 'ES256', ...more };
  }

  token(claims: Claims = {}, header: object = {}): string {
    return token(claims, { header: { alg: 'ES256', kid: this.id, ...header }, key: this.pair.privateKey });
  }

  bearer(claims?: Claims, header?: object): { authorization: string } {
    return { authorization: `Bearer ${this.token(claims, header)}` };
  }
}

/** The key server of an issuer: it publishes or fails as the test says, and counts requests. */
export class KeyServer {
  keys: object[] = [];
  /** Answers instead of the key set while it is defined. */
  answer: RequestListener | undefined;
  fetches = 0;
  discoveries = 0;
  /** More members of the discovery document, which can replace `issuer` and `jwks_uri`. */
  discovery: object = {};

  private constructor(public url: string) {}

  static async start(...keys: IssuerKey[]): Promise<KeyServer> {
    const server = new KeyServer('');
    server.publish(...keys);
    server.url = await listen(createServer((req, res) => server.handle(req, res)));
    return server;
  }

  get jwksUri(): string {
    return `${this.url}/jwks`;
  }

  publish(...keys: IssuerKey[]): void {
    this.keys = keys.map((key) => key.jwk());
  }

  private readonly handle: RequestListener = (req, res) => {
    if (req.url === '/.well-known/openid-configuration') {
      this.discoveries++;
      res.end(JSON.stringify({ issuer: this.url, jwks_uri: this.jwksUri, ...this.discovery }));
      return;
    }
    this.fetches++;
    if (this.answer) this.answer(req, res);
    else res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: this.keys }));
  };
}

export const unavailable: RequestListener = (_req, res) => void res.writeHead(503).end('away');
