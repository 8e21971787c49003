import { expect, it, describe } from 'vitest';
import { Authority } from '../../../../test/support/certificates.js';
import { parseConfig } from '../parse-config.js';

const authority = Authority.create();
const own = authority.issue('DNS:gateway.test');
const other = authority.issue('DNS:other.test');
const ENV = { CA: authority.ca, CERT: own.cert, KEY: own.key, OTHER_KEY: other.key };

function problems(text: string): string[] {
  const result = parseConfig(text, {
    file: '/gateway.yaml',
    env: ENV,
    readFile: () => 'nothing of the kind',
  });
  return result.ok
    ? []
    : result.problems.map((each) => `${each.line}:${each.column} ${each.path}: ${each.message}`);
}

const upstream = (tls: string) => `upstreams:\n  u: { url: https://u, tls: { ${tls} } }`;
const [ca, cert, key] = ['ca: "${CA}"', 'cert: "${CERT}"', 'key: "${KEY}"'];

describe('tls of an upstream', () => {
  it.each([[ca, cert, key].join(), 'ca: "${CA}${CA}"', 'serverName: users.test, insecureSkipVerify: true'])(
    'can have %s',
    (tls) => {
      expect(problems(upstream(tls))).toEqual([]);
    },
  );

  it.each([
    ['ca: nonsense', 'ca: found "nonsense", expected certificates as PEM text that can be parsed'],
    ['ca: "${file:ca.pem}"', 'ca: found "${file:ca.pem}", expected certificates as PEM text'],
    ['ca: "${KEY}"', 'ca: found "${KEY}", expected certificates as PEM text that can be parsed'],
    [`key: "\${CERT}", ${cert}`, 'key: found "${CERT}", expected a private key as PEM text'],
    [`key: "\${OTHER_KEY}", ${cert}`, 'key: found "${OTHER_KEY}", expected the private key of `cert`'],
    [`cert: "\${KEY}", ${key}`, 'cert: found "${KEY}", expected certificates as PEM text'],
    [cert, 'cert: found `cert` without `key`, expected both'],
    [key, 'key: found `key` without `cert`, expected both'],
    ['serverName: 10.0.0.1', 'serverName: found "10.0.0.1", expected a host name'],
    ['sni: x', 'sni: unknown key "sni"'],
  ])('reports %s at its place', (tls, message) => {
    expect(problems(upstream(tls))).toEqual([expect.stringMatching(/^2:\d+ upstreams\.u\.tls\./)]);
    expect(problems(upstream(tls))).toEqual([expect.stringContaining(`tls.${message}`)]);
  });

  it('is reported once when it is invalid in `defaults`', () => {
    const text = 'defaults: { tls: { ca: x } }\nupstreams: { u: { url: https://u }, v: { url: https://v } }';
    expect(problems(text)).toEqual([expect.stringMatching(/^1:\d+ defaults\.tls\.ca: found "x"/)]);
  });

  it('can have the certificate in `defaults` and the key in the upstream', () => {
    const text = (name: string) =>
      `defaults: { tls: { ${cert} } }\nupstreams: { u: { url: https://u, tls: { key: "\${${name}}" } } }`;
    expect(problems(text('KEY'))).toEqual([]);
    expect(problems(text('OTHER_KEY'))).toEqual([expect.stringContaining('the private key of `cert`')]);
  });
});
