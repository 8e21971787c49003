import type { ConfigPath } from '../config-path.js';
import type { ConfigProblem } from '../problem.js';
import type { ConfigSource } from '../source/config-source.js';
import { belongTogether, isPrivateKey, readCertificates } from './pem.js';
import { asMapping } from './raw.js';

const FORMS: Readonly<Record<'ca' | 'cert' | 'key', string>> = {
  ca: 'certificates as PEM text that can be parsed',
  cert: 'certificates as PEM text that can be parsed',
  key: 'a private key as PEM text that can be parsed, not encrypted',
};

/** Certificates and keys for upstreams and Redis that can't be used: a connection would only fail with each request. */
export function upstreamTlsProblems(source: ConfigSource): ConfigProblem[] {
  const ids = Object.keys(asMapping(source.valueAt(['upstreams'])));
  return [
    ...tlsProblems(source, ['defaults', 'tls']),
    ...tlsProblems(source, ['redis', 'tls']),
    ...halfPair(source, ['redis', 'tls']),
    ...ids.flatMap((id) => {
      const path = ['upstreams', id, 'tls'];
      return [...tlsProblems(source, path), ...halfPair(source, path)];
    }),
  ];
}

function tlsProblems(source: ConfigSource, path: ConfigPath): ConfigProblem[] {
  const tls = asMapping(source.valueAt(path));
  const problems = (['ca', 'cert', 'key'] as const)
    .filter((name) => !isUsable(name, tls[name]) && !source.isInherited([...path, name]))
    .map((name) => source.expected([...path, name], FORMS[name]));
  const { cert, key } = tls;
  const own = ['cert', 'key'].some((name) => !source.isInherited([...path, name]));
  if (!own || !isText(cert) || !isText(key) || !isUsable('cert', cert) || !isUsable('key', key))
    return problems;
  if (!belongTogether(readCertificates(cert)?.[0], key))
    problems.push(source.expected([...path, 'key'], 'the private key of `cert`'));
  return problems;
}

/** What is no text is the schema's to report. */
function isUsable(name: 'ca' | 'cert' | 'key', value: unknown): boolean {
  if (!isText(value)) return true;
  return name === 'key' ? isPrivateKey(value) : readCertificates(value) !== undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Only of an upstream: `defaults` may leave the other half to it. */
function halfPair(source: ConfigSource, path: ConfigPath): ConfigProblem[] {
  const missing = (['cert', 'key'] as const).filter((name) => !source.has([...path, name]));
  const [other] = missing;
  if (missing.length !== 1 || other === undefined) return [];
  const given = other === 'cert' ? 'key' : 'cert';
  return [source.problemWithKey([...path, given], `found \`${given}\` without \`${other}\`, expected both`)];
}
