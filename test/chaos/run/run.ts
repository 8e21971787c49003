import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import { type Phase, startArtillery } from './artillery.js';
import { ended } from './children.js';
import { FaultInjector } from './fault-injector.js';
import { serveFaults } from './fault-server.js';
import type { FaultyProcess } from './faulty-process.js';
import { footprint, sampleMetrics } from './footprint.js';
import { GatewayProcess } from './gateway-process.js';
import { Progress } from './progress.js';
import type { Recording } from './recording.js';
import { parseRecords } from './records.js';
import { type FaultTarget, planFaults } from './schedule.js';
import { hasRedis, startRedis, startService } from './services.js';
import { largest } from './statistics.js';
import { watchForStalls } from './stalls.js';
import { type ChaosOptions, type Footprint, type GatewaySample, SERVICES } from './types.js';

/** Milliseconds at the end of the load without a fault, so that everything can recover. */
const CALM_END = 7_000;
/** Milliseconds after the warm-up until the last response is there. */
const AFTER_WARM_UP = 3_000;
/** Milliseconds in which the least that an idle gateway holds is found, after idle connections are closed. */
const LOOK_BEFORE = 5_500;
const LOOK_AFTER = 7_000;
const SAMPLE_EVERY = 1_000;

/** Runs services, Redis and a gateway, lets users come, and breaks what is behind the gateway meanwhile. */
export async function runChaos(options: ChaosOptions): Promise<Recording> {
  const { folder, seed, baseline, faults, warmUp } = options;
  const targets = new Map<FaultTarget, FaultyProcess>();
  for (const service of SERVICES) targets.set(service, await startService(service));
  const withRedis = hasRedis();
  if (withRedis) targets.set('redis', await startRedis(folder));
  else console.log('redis-server was not found, so the run has no Redis and none of its faults.');

  const gateway = new GatewayProcess(environmentOf(targets), options);
  const { url, managementUrl } = await gateway.ready(folder);
  const gatewayEnded = new Promise<never>((_, reject) => {
    gateway.onExit(() => reject(new Error(`The gateway has ended: ${gateway.stderr}`)));
  });
  gatewayEnded.catch(() => {}); // It ends after the run as well.
  await until('every service has passed its first probe', () => isHealthy(managementUrl), 30_000);

  const plan = planFaults(seed, baseline * 1000, (baseline + faults) * 1000 - CALM_END, withRedis);
  const injector = new FaultInjector(plan, targets);
  const faultServer = await serveFaults(injector);
  const inspector = await gateway.inspector();
  const records = join(folder, 'requests.ndjson');
  writeFileSync(records, '');
  const stalls = watchForStalls(() => [gateway.pid, targets.get('users')?.pid]);
  const samples: GatewaySample[] = [];
  const progress = new Progress(options, { records, injector, transitions: gateway.transitions });

  let measuredFrom = 0;
  let before: Promise<Footprint> | undefined;
  const onPhase = (phase: Phase) => {
    progress.enter(phase);
    if (phase === 'warm-up') {
      before = sleep(warmUp * 1000 + AFTER_WARM_UP).then(() => footprint(inspector, LOOK_BEFORE));
    } else {
      measuredFrom = Date.now();
      injector.begin(measuredFrom);
    }
  };
  const environment = { target: url, token: await gateway.token(), faultsUrl: faultServer.url, records };
  const artillery = startArtillery(options, environment, onPhase);
  const sampling = setInterval(() => {
    void sampleMetrics(managementUrl).then((sample) => sample && samples.push(sample));
  }, SAMPLE_EVERY);

  await Promise.race([ended(artillery), gatewayEnded]);
  clearInterval(sampling);
  progress.end();
  if (artillery.exitCode !== 0 || !before) {
    throw new Error(`Artillery failed. Its output is in ${join(folder, 'artillery.log')}`);
  }
  await injector.settled();
  stalls.stop();
  faultServer.close();
  const after = await Promise.race([footprint(inspector, LOOK_AFTER), gatewayEnded]);
  inspector.close();
  await gateway.stop();
  for (const target of targets.values()) await target.kill();

  const seen = parseRecords(readFileSync(records, 'utf8'));
  const measured = { from: measuredFrom, to: largest(seen.requests.map(({ at, ms }) => at + ms)) };
  return {
    options,
    measured,
    baseline: { from: measuredFrom, to: measuredFrom + baseline * 1000 },
    requests: seen.requests,
    stalls: [...seen.stalls, ...stalls.stalls],
    faults: injector.injected,
    transitions: gateway.transitions,
    samples,
    footprint: { before: await before, after },
  };
}

function environmentOf(targets: ReadonlyMap<FaultTarget, FaultyProcess>): Record<string, string> {
  return Object.fromEntries(
    [...targets].map(([target, { port }]) => [
      `${target.toUpperCase()}_URL`,
      `${target === 'redis' ? 'redis' : 'http'}://127.0.0.1:${port}`,
    ]),
  );
}

async function isHealthy(managementUrl: string): Promise<boolean> {
  const response = await fetch(`${managementUrl}/health`, { headers: { connection: 'close' } });
  const { details } = (await response.json()) as { details: Record<string, { status: string }> };
  return SERVICES.every((service) => details[service]?.status === 'up');
}
