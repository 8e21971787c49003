import { errors } from 'undici';
import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../../common/errors/outcomes.js';
import { ProblemError } from '../../../common/errors/problem.js';
import { CallError, classifyFailure, errorCode } from './classify.js';

const coded = (code: string) => Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:80'), { code });

/** As Node reports that it has tried several addresses: the code is that of the first one. */
const several = (...codes: string[]) =>
  Object.assign(new AggregateError(codes.map(coded)), { code: codes[0] });

describe('classifyFailure', () => {
  it.each([
    ['a refused connection', coded('ECONNREFUSED'), 'connecting', 'connect_failed'],
    ['a name that does not resolve', coded('ENOTFOUND'), 'connecting', 'connect_failed'],
    ['a connect timeout', new errors.ConnectTimeoutError(), 'connecting', 'connect_failed'],
    ['no descriptor left', coded('EMFILE'), 'connecting', 'connect_blocked'],
    ['no local port left', coded('EADDRNOTAVAIL'), 'connecting', 'connect_blocked'],
    ['a rule of a local firewall', coded('EPERM'), 'connecting', 'connect_blocked'],
    ['no descriptor left for any address', several('EMFILE', 'EMFILE'), 'connecting', 'connect_blocked'],
    ['a host without IPv6', several('EADDRNOTAVAIL', 'ECONNREFUSED'), 'connecting', 'connect_failed'],
    ['a failed write', coded('ENOBUFS'), 'awaiting-head', 'reset'],
    ['an untrusted certificate', coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'connecting', 'connect_failed'],
    [
      'our certificate not accepted',
      coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
      'awaiting-head',
      'connect_failed',
    ],
    ['a broken record', coded('ERR_SSL_BAD_RECORD_MAC'), 'awaiting-head', 'reset'],
    ['a reset before the head', new errors.SocketError('other side closed'), 'awaiting-head', 'reset'],
    ['our deadline', new CallError('deadline'), 'awaiting-head', 'deadline'],
    ['our deadline while connecting', new CallError('deadline'), 'connecting', 'deadline'],
    ['garbage', coded('HPE_INVALID_CONSTANT'), 'awaiting-head', 'malformed_response'],
    ['garbage without a code', new errors.HTTPParserError('garbage'), 'awaiting-head', 'malformed_response'],
    ['a large head', new errors.HeadersOverflowError(), 'awaiting-head', 'head_too_large'],
    ['large trailers', new errors.HeadersOverflowError(), 'streaming', 'head_too_large'],
    ['odd framing', new CallError('malformed_response', 'length'), 'awaiting-head', 'malformed_response'],
    ['a cut body', new errors.SocketError('other side closed'), 'streaming', 'died_mid_body'],
    ['a stalled body', new errors.BodyTimeoutError(), 'streaming', 'died_mid_body'],
    ['bad chunks', coded('HPE_INVALID_CHUNK_SIZE'), 'streaming', 'died_mid_body'],
    ['a client that left', new CallError('client_gone'), 'streaming', 'client_gone'],
    ['a body over the limit', new ProblemError('body_too_large'), 'awaiting-head', 'body_too_large'],
    ['a head we may not send', new errors.InvalidArgumentError(), 'connecting', 'gateway_error'],
  ] as const)('calls %s what it is', (_, error, phase, outcome) => {
    expect(classifyFailure(error, phase)).toBe(outcome);
  });

  it('never blames the upstream for its client', () => {
    const votes = (['client_gone', 'body_too_large'] as const).map((outcome) => OUTCOMES[outcome].vote);
    expect(votes).toEqual(['neutral', 'neutral']);
  });
});

describe('errorCode', () => {
  it('gives the code, else the name, and never a message that could hold an address', () => {
    expect(errorCode(coded('ECONNREFUSED'))).toBe('ECONNREFUSED');
    expect(errorCode(new TypeError('10.0.0.1'))).toBe('TypeError');
    expect(errorCode('10.0.0.1')).toBe('unknown');
  });
});
