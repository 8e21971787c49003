import { describe, expect, it } from 'vitest';
import { Authority } from '../../../../test/support/certificates.js';
import { parseConfig } from '../parse-config.js';

const authority = Authority.create();
const own = authority.issue('DNS:gateway.test');
const other = authority.issue('DNS:other.test');
const old = authority.issueTo('/CN=old', ['DNS:gateway.test'], -1);
const ENV = {
  CA: authority.ca,
  CERT: own.cert,
  KEY: own.key,
  OTHER_KEY: other.key,
  OLD_CERT: old.cert,
  OLD_KEY: old.key,
};
const FILES: Readonly<Record<string, string>> = {
  '/etc/gateway/tls/tls.crt': own.cert,
  '/etc/gateway/tls/tls.key': own.key,
  '/etc/gateway/tls/nonsense': 'nothing of the kind',
};

function parse(tls: string, more = '') {
  const files: string[] = [];
  const readFile = (path: string) => {
    files.push(path);
    const text = FILES[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return text;
  };
  const text = `server:\n  tls: { ${tls} }\nroutes: []\n${more}`;
  return { files, result: parseConfig(text, { file: '/etc/gateway/gateway.yaml', env: ENV, readFile }) };
}

const PAIR = 'cert: "${CERT}", key: "${KEY}"';

function problems(tls: string, more?: string): string[] {
  const { result } = parse(tls, more);
  return result.ok ? [] : result.problems.map((each) => `${each.line} ${each.path}: ${each.message}`);
}

describe('server.tls', () => {
  it.each([
    ['PEM text', PAIR],
    ['the content of files', 'cert: "${file:tls/tls.crt}", key: "${file:tls/tls.key}"'],
    ['paths of files', 'cert: tls/tls.crt, key: /etc/gateway/tls/tls.key'],
  ])('takes %s, and its files are watched', (_, tls) => {
    const { files, result } = parse(tls);
    if (!result.ok) throw new Error(problems(tls).join());
    expect(result.config.server.tls?.cert.trim()).toBe(own.cert.trim());
    expect(result.config.server.tls?.key.trim()).toBe(own.key.trim());
    const isByFile = tls.includes('tls.crt');
    expect(files).toEqual(isByFile ? ['/etc/gateway/tls/tls.crt', '/etc/gateway/tls/tls.key'] : []);
  });

  it('takes the paths of files in sni as well', () => {
    const { result } = parse(
      `${PAIR}, sni: [{ hosts: [GATEWAY.test], cert: tls/tls.crt, key: tls/tls.key }]`,
    );
    if (!result.ok) throw new Error('it is valid');
    expect(result.config.server.tls?.sni).toEqual([{ hosts: ['gateway.test'], ...own }]);
  });

  it.each([
    ['cert: "${CERT}"', 'server.tls.key: missing, expected a private key'],
    [
      `cert: tls/missing.crt, key: "\${KEY}"`,
      'tls.cert: found "tls/missing.crt", expected PEM text, or the path of a readable PEM file: no such file',
    ],
    [`cert: tls/nonsense, key: "\${KEY}"`, 'tls.cert: found "tls/nonsense", expected certificates'],
    [
      `cert: "\${CERT}", key: tls/nonsense`,
      'tls.key: found a value that is not shown, expected a private key',
    ],
    [
      `cert: "\${CERT}", key: "\${OTHER_KEY}"`,
      'tls.key: found "${OTHER_KEY}", expected the private key of `cert`',
    ],
    [`${PAIR}, sni: [{ hosts: [a.test], cert: "\${CERT}", key: "\${OTHER_KEY}" }]`, 'tls.sni[0].key: found'],
    [
      `${PAIR}, sni: [{ hosts: [a.test, A.test], ${PAIR} }]`,
      'tls.sni[0].hosts[1]: found "A.test", expected each host once',
    ],
    [`${PAIR}, clientCertificates: required`, 'found `clientCertificates` without `clientCa`, expected both'],
    [`${PAIR}, clientCa: "\${CA}"`, '`clientCa` has no meaning unless'],
    [`${PAIR}, clientCertificates: optional, clientCa: tls/nonsense`, 'tls.clientCa: found'],
    [
      `${PAIR}, clientCertificates: optional, clientCa: "\${CA}", clientCrl: tls/nonsense`,
      'tls.clientCrl: found',
    ],
  ])('reports { %s } once', (tls, message) => {
    expect(problems(tls)).toEqual([expect.stringContaining(message)]);
  });

  it('is needed by a provider of client certificates', () => {
    const auth = 'auth: { mtls: { clientCertificate: {} } }';
    expect(problems(PAIR, auth)).toEqual([expect.stringContaining('needs `server.tls` with')]);
    expect(problems(`${PAIR}, clientCertificates: optional, clientCa: "\${CA}"`, auth)).toEqual([]);
  });

  it('warns of a certificate that is expired, or that is not for its host', () => {
    const warnings = (tls: string) => {
      const { result } = parse(tls);
      return result.ok ? result.warnings.map(({ id, path }) => [id, path]) : result.problems;
    };
    expect(
      warnings(`${PAIR}, sni: [{ hosts: [other.test], cert: "\${OLD_CERT}", key: "\${OLD_KEY}" }]`),
    ).toEqual([
      // The authority of the tests issues certificates for two days.
      ['certificate-validity', 'server.tls.cert'],
      ['certificate-of-other-host', 'server.tls.sni[0].hosts[0]'],
      ['certificate-validity', 'server.tls.sni[0].cert'],
      ['no-route', 'routes'],
    ]);
  });
});
