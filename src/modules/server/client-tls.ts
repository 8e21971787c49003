import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:https';
import { isIP } from 'node:net';
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TlsOptions,
} from 'node:tls';
import type { ServerTlsConfig } from '../config/gateway-config.js';

/** What is compiled from `server.tls`: replaced whole by a reload. */
interface TlsModel {
  /** Of the certificate for clients that name no host, or one that no other certificate is for. */
  readonly options: SecureContextOptions;
  readonly verification: Pick<TlsOptions, 'requestCert' | 'rejectUnauthorized'>;
  /** By host name, or by the end of one that begins with a dot. */
  readonly contexts: ReadonlyMap<string, SecureContext>;
}

/** The TLS of a server. A connection keeps what it was opened with. */
export class ClientTls {
  private model: TlsModel;

  constructor(private readonly config: ServerTlsConfig) {
    this.model = compile(config);
  }

  /** What a server is created with. */
  get options(): TlsOptions {
    const { options, verification } = this.model;
    return {
      ...options,
      ...verification,
      handshakeTimeout: this.config.handshakeTimeout,
      SNICallback: (name, done) => done(null, this.contextOf(name.toLowerCase())),
    };
  }

  /**
   * Reads other certificates, with no effect yet.
   *
   * @returns the step that has new connections use them
   */
  prepare(server: Server, config: ServerTlsConfig): () => void {
    const model = compile(config);
    return () => {
      this.model = model;
      server.setSecureContext(model.options);
      // Node reads both of a server for each connection, and its types have neither.
      Object.assign(server, model.verification);
    };
  }

  private contextOf(name: string): SecureContext | undefined {
    const { contexts } = this.model;
    let context = contexts.get(name);
    for (let dot = name.indexOf('.'); !context && dot >= 0; dot = name.indexOf('.', dot + 1))
      context = contexts.get(name.slice(dot));
    return context;
  }
}

function compile({ sni, clientCertificates, ...config }: ServerTlsConfig): TlsModel {
  const contexts = new Map<string, SecureContext>();
  for (const { hosts, cert, key } of sni) {
    const context = createSecureContext(contextOptions({ ...config, cert, key }));
    for (const host of hosts) contexts.set(host.replace(/^\*/, ''), context);
  }
  return {
    options: contextOptions(config),
    verification: {
      requestCert: clientCertificates !== 'off',
      rejectUnauthorized: clientCertificates === 'required',
    },
    contexts,
  };
}

function contextOptions({
  cert,
  key,
  minVersion,
  clientCa: ca,
  clientCrl: crl,
}: Pick<ServerTlsConfig, 'cert' | 'key' | 'minVersion' | 'clientCa' | 'clientCrl'>): SecureContextOptions {
  return { cert, key, minVersion, honorCipherOrder: true, ...(ca && { ca }), ...(crl && { crl }) };
}

/** @returns whether one of the certificates is for a host, which is a name or an address as in a URL */
export function certifiedHosts({ cert, sni }: ServerTlsConfig): (host: string) => boolean {
  const certificates = [cert, ...sni.map((each) => each.cert)].map((pem) => new X509Certificate(pem));
  return (host) => {
    const address = host.replace(/^\[(.*)\]$/, '$1');
    return certificates.some((certificate) =>
      isIP(address) === 0 ? certificate.checkHost(host) : certificate.checkIP(address),
    );
  };
}

/** @returns when each certificate expires, in seconds since 1970, by the hosts that it is for; `*` is every other one */
export function certificateExpiries({ cert, sni }: ServerTlsConfig): ReadonlyMap<string, number> {
  const ofHosts = sni.flatMap((each) => each.hosts.map((host) => [host, each.cert] as const));
  return new Map(
    [['*', cert] as const, ...ofHosts].map(([host, pem]) => [
      host,
      new X509Certificate(pem).validToDate.getTime() / 1000,
    ]),
  );
}
