import type { KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { ConfigProblem } from '../problem.js';
import type { ConfigValue } from '../source/config-value.js';
import type { Sources } from '../source/substitute.js';
import { CERTIFICATES, parsePem, type PemKind, PRIVATE_KEY, readPem } from './pem.js';

/** The keys of `server.tls` and of an entry of `sni` that hold PEM text or name a file. */
const PEM_KEYS = ['cert', 'key', 'clientCa', 'clientCrl'] as const;

interface CheckedPems {
  readonly problems: readonly ConfigProblem[];
  /** PEM texts in place of the names of files. */
  readonly pems: Partial<Record<(typeof PEM_KEYS)[number], string>>;
}

const REVOCATION_LISTS: PemKind<unknown> = {
  parse: (crl) => createSecureContext({ crl }),
  expected: 'revocation lists as PEM text',
};

/**
 * Reads the files that `server.tls` names, and reports certificates and keys with which no handshake could succeed.
 *
 * @returns what was read of `tls`, and of each entry of its `sni`
 */
export function checkServerTls(
  config: ConfigValue,
  sources: Sources,
): CheckedPems & { readonly sni: readonly CheckedPems['pems'][] } {
  const tls = config.at('server', 'tls');
  const mode = tls.at('clientCertificates');
  const isAsking = mode.value === 'optional' || mode.value === 'required';
  const main = readPems(tls, sources);
  const sni = tls.all('sni[]');
  const entries = sni.map((entry) => readPems(entry, sources));
  const problems = [
    ...[main, ...entries].flatMap((each) => each.problems),
    ...repeatedHosts(tls.all('sni[].hosts[]')),
    ...(isAsking ? [] : [...uselessForClients(tls), ...unverifiedClients(config)]),
  ];
  // Without a CA of its own, Node would accept clients whom any public CA has issued a certificate.
  if (isAsking && main.problems.length === 0 && main.pems.clientCa === undefined)
    problems.push(mode.problemWithKey('found `clientCertificates` without `clientCa`, expected both'));
  return { problems, pems: main.pems, sni: entries.map(({ pems }) => pems) };
}

function readPems(owner: ConfigValue, sources: Sources): CheckedPems {
  const problems: ConfigProblem[] = [];
  const pems: CheckedPems['pems'] = {};
  for (const key of PEM_KEYS) pems[key] = readPem(owner.at(key), sources, problems);
  const parse = <T>(key: keyof typeof pems, kind: PemKind<T>) =>
    parsePem(owner.at(key), pems[key], kind, problems);
  const certificates = parse('cert', CERTIFICATES);
  const privateKey = parse('key', PRIVATE_KEY);
  parse('clientCa', CERTIFICATES);
  parse('clientCrl', REVOCATION_LISTS);
  if (certificates && privateKey) problems.push(...pairProblems(owner, pems, certificates, privateKey));
  return { problems, pems };
}

function pairProblems(
  owner: ConfigValue,
  { cert, key }: CheckedPems['pems'],
  [leaf]: readonly X509Certificate[],
  privateKey: KeyObject,
): ConfigProblem[] {
  if (!leaf?.checkPrivateKey(privateKey)) return [owner.at('key').expected('the private key of `cert`')];
  try {
    createSecureContext({ cert, key });
    return [];
  } catch (error) {
    // OpenSSL's reason, such as `ee key too small`. It holds nothing of the key.
    const reason = error instanceof Error && 'reason' in error ? String(error.reason) : 'unknown reason';
    return [owner.at('cert').expected(`a certificate that OpenSSL accepts (${reason})`)];
  }
}

function uselessForClients(tls: ConfigValue): ConfigProblem[] {
  return tls
    .written(['clientCa', 'clientCrl'])
    .map((each) => each.meaningless('unless `clientCertificates` is `optional` or `required`'));
}

function repeatedHosts(hosts: readonly ConfigValue[]): ConfigProblem[] {
  const seen = new Set<string>();
  return hosts
    .filter(({ text = '' }) => seen.size === seen.add(text.toLowerCase()).size)
    .map((host) => host.expected('each host once'));
}

/** Reports providers that no client could satisfy. */
function unverifiedClients(config: ConfigValue): ConfigProblem[] {
  return config
    .all('auth.*.clientCertificate')
    .filter(({ isWritten }) => isWritten)
    .map((each) =>
      each.problemWithKey(
        '`clientCertificate` needs `server.tls` with `clientCertificates`: `optional` or `required`',
      ),
    );
}
