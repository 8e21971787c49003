/** Tests of a configuration and of code around the gateway, with any test runner. */
import 'reflect-metadata';
import { systemClock } from './common/clock.js';
import { SetClock } from './common/set-clock.js';

export type { SetClock };
export { StubUpstream, type StubReply, type StubRequest } from './testing/stub-upstream.js';
export {
  type ExchangeSummary,
  TestGateway,
  testGateway,
  type TestGatewayOptions,
  type TestRequest,
} from './testing/test-gateway.js';

/** @returns a clock that goes with the machine's, and that `advance` sets ahead */
export function testClock(): SetClock {
  return new SetClock(systemClock);
}
