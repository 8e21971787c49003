import type { ConfigProblem } from '../problem.js';
import type { ConfigValue } from '../source/config-value.js';
import { CERTIFICATES, parsePem, PRIVATE_KEY } from './pem.js';

/** Reports certificates and keys of upstreams and Redis that cannot be used: every connection would fail. */
export function tlsProblems(config: ConfigValue): ConfigProblem[] {
  const sections = config.all('redis.tls', 'upstreams.*.tls');
  return [
    ...[config.at('defaults', 'tls'), ...sections].flatMap(unusablePems),
    // `defaults` can leave one half of the pair to the upstreams.
    ...sections.flatMap(halfPair),
  ];
}

function unusablePems(tls: ConfigValue): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const [ca, cert, key] = [tls.at('ca'), tls.at('cert'), tls.at('key')];
  parsePem(ca, ca.text, CERTIFICATES, problems);
  const [leaf] = parsePem(cert, cert.text, CERTIFICATES, problems) ?? [];
  const privateKey = parsePem(key, key.text, PRIVATE_KEY, problems);
  const isInherited = cert.isInherited && key.isInherited;
  if (leaf && privateKey && !leaf.checkPrivateKey(privateKey) && !isInherited)
    problems.push(key.expected('the private key of `cert`'));
  return problems;
}

function halfPair(tls: ConfigValue): ConfigProblem[] {
  const [half, ...rest] = tls.written(['cert', 'key']);
  if (!half || rest.length > 0) return [];
  const other = half.key === 'cert' ? 'key' : 'cert';
  return [half.problemWithKey(`found \`${half.key}\` without \`${other}\`, expected both`)];
}
