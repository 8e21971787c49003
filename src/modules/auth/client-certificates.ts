import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../common/clock.js';
import type { AuthProviderConfig, ClientCertificateConfig } from '../config/gateway-config.js';
import type { Identity } from '../routing/identity.js';
import { type Allowed, allows } from './auth-policy.js';
import { identityOf } from './identity-of.js';
import type { Refusal } from './refusal.js';

type CertificateProviderConfig = Pick<AuthProviderConfig, 'forwardClaims'> & {
  readonly clientCertificate: ClientCertificateConfig;
};

/** A certificate with which a connection was opened. */
interface Shown {
  /** Milliseconds since the epoch. */
  readonly validTo: number;
  /** By the providers whose names of clients it has. */
  readonly identities: readonly Identity[];
}

/** The providers that identify clients by the certificate of their connection. */
export class ClientCertificates {
  private readonly shown = new WeakMap<Socket, Shown>();

  constructor(
    private readonly providers: readonly (readonly [id: string, config: CertificateProviderConfig])[],
    private readonly clock: Clock,
  ) {}

  /** @returns whether any of the providers is allowed */
  accepts(allowed: Allowed): boolean {
    return this.providers.some(([id]) => allows(allowed, id));
  }

  /** @returns `undefined` when no provider is allowed, or the client has shown no certificate */
  identify(socket: Socket, allowed: Allowed): Identity | Refusal | undefined {
    if (!this.accepts(allowed)) return undefined;
    let shown = this.shown.get(socket);
    if (!shown) {
      // Connections without TLS have none.
      const tls = socket as Socket & Partial<TLSSocket>;
      const certificate = tls.getPeerX509Certificate?.();
      if (!certificate) return undefined;
      // Issued by a CA of `clientCa`, valid and not revoked when the connection was opened.
      if (tls.authorized !== true) return 'invalid_certificate';
      this.shown.set(socket, (shown = this.read(certificate)));
    }
    // The connection may have been open for long.
    if (this.clock.wall() >= shown.validTo) return 'expired_certificate';
    return shown.identities.find(({ provider }) => allows(allowed, provider)) ?? 'invalid_certificate';
  }

  private read(certificate: X509Certificate): Shown {
    const identities = this.providers.flatMap(([id, config]) => identify(certificate, id, config) ?? []);
    return { validTo: certificate.validToDate.getTime(), identities };
  }
}

function identify(
  certificate: X509Certificate,
  provider: string,
  { clientCertificate: { subject, scopes }, forwardClaims }: CertificateProviderConfig,
): Identity | undefined {
  const sub = subjectOf(certificate, subject);
  if (sub === undefined) return undefined;
  const claims = {
    sub,
    // Two CAs may give one name to two clients.
    iss: oneLine(certificate.issuer),
    scope: scopes.join(' '),
    serial: certificate.serialNumber,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
  return identityOf(claims, provider, forwardClaims);
}

const ALTERNATIVE_NAMES = { dns: 'DNS', uri: 'URI', email: 'email' } as const;

function subjectOf(
  certificate: X509Certificate,
  kind: ClientCertificateConfig['subject'],
): string | undefined {
  if (kind === 'cn') {
    // Typed as text. It is a list of several common names, of which nobody can say which one counts.
    const name = certificate.toLegacyObject().subject.CN as unknown;
    return typeof name === 'string' && name !== '' ? name : undefined;
  }
  const prefix = `${ALTERNATIVE_NAMES[kind]}:`;
  // Node escapes commas within a name, so that no name can pose as another one.
  const names = certificate.subjectAltName?.split(', ').filter((each) => each.startsWith(prefix));
  return names?.[0]?.slice(prefix.length) || undefined;
}

/** Node has a line for each part of a name. */
function oneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}
