import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ConfigProblem } from '../problem.js';
import type { ConfigValue } from '../source/config-value.js';

/** Reports certificates and keys of upstreams and Redis that cannot be used: every connection would fail. */
export function tlsProblems(config: ConfigValue): ConfigProblem[] {
  const owners = [config.at('redis'), ...config.at('upstreams').entries()];
  const sections = owners.map((owner) => owner.at('tls'));
  return [
    ...[config.at('defaults', 'tls'), ...sections].flatMap(unusablePems),
    // `defaults` can leave one half of the pair to the upstreams.
    ...sections.flatMap(halfPair),
  ];
}

export const CERTIFICATES = 'certificates as PEM text that can be parsed';

export const PRIVATE_KEY = 'a private key as PEM text that can be parsed, not encrypted';

function unusablePems(tls: ConfigValue): ConfigProblem[] {
  const [ca, cert, key] = [tls.at('ca'), tls.at('cert'), tls.at('key')];
  const certificates = attempt(cert, readCertificates);
  const privateKey = attempt(key, createPrivateKey);
  const problems = [
    { pem: ca, parsed: attempt(ca, readCertificates), expected: CERTIFICATES },
    { pem: cert, parsed: certificates, expected: CERTIFICATES },
    { pem: key, parsed: privateKey, expected: PRIVATE_KEY },
  ]
    .filter(({ pem, parsed }) => parsed === 'invalid' && !pem.isInherited)
    .map(({ pem, expected }) => pem.expected(expected));
  if (!Array.isArray(certificates) || typeof privateKey !== 'object') return problems;
  const belongTogether = certificates[0]?.checkPrivateKey(privateKey);
  const isInherited = cert.isInherited && key.isInherited;
  if (!belongTogether && !isInherited) problems.push(key.expected('the private key of `cert`'));
  return problems;
}

/** @returns `undefined` for what is not text, which the schema reports. The PEM text never gets into a message. */
function attempt<T>({ text }: ConfigValue, parse: (pem: string) => T): T | 'invalid' | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch {
    return 'invalid';
  }
}

export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs);
  if (!blocks) throw new TypeError('The text contains no certificate.');
  return blocks.map((block) => new X509Certificate(block));
}

function halfPair(tls: ConfigValue): ConfigProblem[] {
  const [written, ...rest] = ['cert', 'key'].filter((name) => tls.at(name).isWritten);
  if (written === undefined || rest.length > 0) return [];
  const other = written === 'cert' ? 'key' : 'cert';
  return [tls.at(written).problemWithKey(`found \`${written}\` without \`${other}\`, expected both`)];
}
