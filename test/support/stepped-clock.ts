import { writeFile } from 'node:fs/promises';
import { type GatewayProcess, spawnNode, temporaryFile } from './process.js';

/** Moves what JavaScript takes for the date by as many milliseconds as the file says, from each signal on. */
const preload = (file: string) => `
  import { readFileSync } from 'node:fs';
  const Real = Date;
  let shift = 0;
  globalThis.Date = class Date extends Real {
    constructor(...given) {
      if (given.length > 0) super(...given);
      else super(Date.now());
    }
    static now() {
      return Real.now() + shift;
    }
  };
  process.on('SIGUSR2', () => {
    shift = Number(readFileSync(${JSON.stringify(file)}, 'utf8'));
    console.log(JSON.stringify({ msg: 'stepped', shift }));
  });
`;

/**
 * A gateway whose wall clock can be set, as NTP or a suspended machine do: the monotonic one goes on as ever.
 *
 * @returns with a function that sets it so many milliseconds beside the time of everybody else
 */
export async function spawnWithClock(
  yaml: string,
): Promise<GatewayProcess & { readonly stepTo: (shift: number) => Promise<void> }> {
  const file = await temporaryFile('shift', '0');
  const source = `data:text/javascript,${encodeURIComponent(preload(file))}`;
  const config = await temporaryFile('gateway.yaml', yaml);
  const process = spawnNode(['--import', source, 'dist/cli.js', 'start', '-c', config]);
  const { url, managementUrl } = await process.json(({ msg }) => msg === 'listening');
  const stepTo = async (shift: number) => {
    await writeFile(file, String(shift));
    process.kill('SIGUSR2');
    await process.json((line) => line.msg === 'stepped' && line['shift'] === shift);
  };
  return { process, url: String(url), managementUrl: String(managementUrl), stepTo };
}
