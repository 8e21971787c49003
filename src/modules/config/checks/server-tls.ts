import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { ConfigProblem } from '../problem.js';
import type { ConfigValue } from '../source/config-value.js';
import { readReferencedFile, type Sources } from '../source/substitute.js';
import { CERTIFICATES, PRIVATE_KEY, readCertificates } from './tls.js';

/** The keys of `server.tls` and of an entry of `sni` that hold PEM text or name a file. */
const PEM_KEYS = ['cert', 'key', 'clientCa', 'clientCrl'] as const;
type Pems = Partial<Record<(typeof PEM_KEYS)[number], string>>;

interface CheckedServerTls {
  readonly problems: readonly ConfigProblem[];
  /** PEM texts in place of the names of files. */
  readonly pems: Pems;
  /** The same for each entry of `sni`. */
  readonly sni: readonly Pems[];
}

/** Reads the files that `server.tls` names, and reports certificates and keys with which no handshake could succeed. */
export function checkServerTls(config: ConfigValue, sources: Sources): CheckedServerTls {
  const tls = config.at('server', 'tls');
  const main = new PemReader(tls, sources);
  const sni = tls.at('sni').items();
  const entries = sni.map((entry) => new PemReader(entry, sources));
  const problems = [
    ...[main, ...entries].flatMap((reader) => reader.problems),
    ...(main.problems.length === 0 ? clientProblems(tls, main.pems) : []),
    ...repeatedHosts(sni),
    ...unverifiedClients(config),
  ];
  return { problems, pems: main.pems, sni: entries.map(({ pems }) => pems) };
}

/** Reads the PEM texts of one mapping. */
class PemReader {
  readonly problems: ConfigProblem[] = [];
  readonly pems: Pems = {};

  constructor(
    private readonly owner: ConfigValue,
    private readonly sources: Sources,
  ) {
    for (const key of PEM_KEYS) this.pems[key] = this.read(owner.at(key));
    const certificates = this.parse('cert', readCertificates, CERTIFICATES);
    const key = this.parse('key', createPrivateKey, PRIVATE_KEY);
    this.parse('clientCa', readCertificates, CERTIFICATES);
    this.parse('clientCrl', (crl) => createSecureContext({ crl }), 'revocation lists as PEM text');
    if (certificates && key) this.checkPair(certificates, key);
  }

  private read(place: ConfigValue): string | undefined {
    if (place.text === undefined || place.text.includes('-----BEGIN')) return place.text;
    const content = readReferencedFile(place.text, this.sources);
    if ('text' in content) return content.text;
    this.problems.push(place.expected(`PEM text, or the path of a readable PEM file: ${content.failure}`));
    return undefined;
  }

  private parse<T>(key: keyof Pems, parse: (pem: string) => T, expected: string): T | undefined {
    const pem = this.pems[key];
    if (pem === undefined) return undefined;
    try {
      return parse(pem);
    } catch {
      this.problems.push(this.owner.at(key).expected(expected));
      return undefined;
    }
  }

  private checkPair([leaf]: readonly X509Certificate[], key: KeyObject): void {
    const { cert, key: pem } = this.pems;
    if (!leaf?.checkPrivateKey(key)) {
      this.problems.push(this.owner.at('key').expected('the private key of `cert`'));
      return;
    }
    try {
      createSecureContext({ cert, key: pem });
    } catch (error) {
      // OpenSSL's reason, such as `ee key too small`. It holds nothing of the key.
      const reason = error instanceof Error && 'reason' in error ? String(error.reason) : 'unknown reason';
      this.problems.push(this.owner.at('cert').expected(`a certificate that OpenSSL accepts (${reason})`));
    }
  }
}

/** Without a CA of its own, Node would accept clients whom any public CA has issued a certificate. */
function clientProblems(tls: ConfigValue, { clientCa }: Pems): ConfigProblem[] {
  const mode = tls.at('clientCertificates');
  const isOn = mode.value === 'optional' || mode.value === 'required';
  if (isOn && clientCa === undefined)
    return [mode.problemWithKey(`found \`clientCertificates\` without \`clientCa\`, expected both`)];
  if (isOn) return [];
  return ['clientCa', 'clientCrl']
    .map((key) => tls.at(key))
    .filter(({ isWritten }) => isWritten)
    .map((each) =>
      each.problemWithKey(
        `\`${each.key}\` has no meaning unless \`clientCertificates\` is \`optional\` or \`required\``,
      ),
    );
}

function repeatedHosts(sni: readonly ConfigValue[]): ConfigProblem[] {
  const seen = new Set<string>();
  return sni
    .flatMap((entry) => entry.at('hosts').items())
    .filter(({ text = '' }) => seen.size === seen.add(text.toLowerCase()).size)
    .map((host) => host.expected('each host once'));
}

/** Reports providers that no client could satisfy. */
function unverifiedClients(config: ConfigValue): ConfigProblem[] {
  const mode = config.at('server', 'tls', 'clientCertificates').value;
  if (mode === 'optional' || mode === 'required') return [];
  return config
    .at('auth')
    .entries()
    .map((provider) => provider.at('clientCertificate'))
    .filter(({ isWritten }) => isWritten)
    .map((each) =>
      each.problemWithKey(
        '`clientCertificate` needs `server.tls` with `clientCertificates`: `optional` or `required`',
      ),
    );
}
