import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ConfigPath, ConfigProblem } from '../problem.js';
import type { ConfigSource } from '../source/config-source.js';

/** Reports certificates and keys of upstreams and Redis that cannot be used: every connection would fail. */
export function tlsProblems(source: ConfigSource): ConfigProblem[] {
  const upstreams = Object.keys(source.mapping(['upstreams'])).map((id) => ['upstreams', id, 'tls']);
  return [
    // `defaults` can leave one half of the pair to the upstreams.
    ...unusablePems(source, ['defaults', 'tls']),
    ...[['redis', 'tls'], ...upstreams].flatMap((path) => [
      ...unusablePems(source, path),
      ...halfPair(source, path),
    ]),
  ];
}

const CERTIFICATES = 'certificates as PEM text that can be parsed';
const EXPECTED = {
  ca: CERTIFICATES,
  cert: CERTIFICATES,
  key: 'a private key as PEM text that can be parsed, not encrypted',
} as const;

function unusablePems(source: ConfigSource, path: ConfigPath): ConfigProblem[] {
  const { ca, cert, key } = source.mapping(path);
  const certificates = attempt(cert, readCertificates);
  const privateKey = attempt(key, createPrivateKey);
  const isInvalid = {
    ca: attempt(ca, readCertificates) === 'invalid',
    cert: certificates === 'invalid',
    key: privateKey === 'invalid',
  };
  const isOwn = (name: string) => !source.isInherited([...path, name]);
  const problems = (['ca', 'cert', 'key'] as const)
    .filter((name) => isInvalid[name] && isOwn(name))
    .map((name) => source.expected([...path, name], EXPECTED[name]));
  if (!Array.isArray(certificates) || typeof privateKey !== 'object') return problems;
  const belongTogether = certificates[0]?.checkPrivateKey(privateKey);
  if (!belongTogether && (isOwn('cert') || isOwn('key')))
    problems.push(source.expected([...path, 'key'], 'the private key of `cert`'));
  return problems;
}

/** @returns `undefined` for what is not text, which the schema reports. The PEM text never gets into a message. */
function attempt<T>(pem: unknown, parse: (pem: string) => T): T | 'invalid' | undefined {
  if (typeof pem !== 'string' || pem === '') return undefined;
  try {
    return parse(pem);
  } catch {
    return 'invalid';
  }
}

function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs);
  if (!blocks) throw new TypeError('The text contains no certificate.');
  return blocks.map((block) => new X509Certificate(block));
}

function halfPair(source: ConfigSource, path: ConfigPath): ConfigProblem[] {
  const missing = (['cert', 'key'] as const).filter((name) => !source.has([...path, name]));
  const [other] = missing;
  if (missing.length !== 1 || other === undefined) return [];
  const given = other === 'cert' ? 'key' : 'cert';
  return [source.problemWithKey([...path, given], `found \`${given}\` without \`${other}\`, expected both`)];
}
