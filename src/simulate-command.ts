import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { CommandTools } from './command-tools.js';

interface Options {
  readonly config: string;
  readonly svg?: string;
  readonly json?: boolean;
}

export function addSimulateCommand(
  program: Command,
  { configOption, load, printTable, fail }: CommandTools,
): void {
  program
    .command('simulate')
    .description(
      'say when breakers would have opened on the calls of an access log, and which thresholds do better',
    )
    .argument('<log>', 'access log of the gateway; - is standard input')
    .addOption(configOption())
    .option('--svg <file>', 'write a time line, replacing the file')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExample:\n  $ breakwater simulate -c gateway.yaml --svg breakers.svg access.log')
    .action(async (log: string, { config: file, svg, json }: Options) => {
      const config = await load(file);
      if (!config) return;
      const { simulate } = await import('./modules/simulation/simulate.js');
      const { reportText, warningsOf } = await import('./modules/simulation/report-text.js');
      const { reportSvg } = await import('./modules/simulation/report-svg.js');
      try {
        const report = await simulate(config, log);
        for (const warning of warningsOf(report)) console.error(warning);
        if (report.upstreams.length === 0) {
          fail(
            `${log}: no line tells of a call to an upstream of ${file}. Expected the JSON lines of the access log.`,
          );
          return;
        }
        if (svg !== undefined) writeFileSync(svg, reportSvg(report));
        if (json) console.log(JSON.stringify(report, null, 2));
        else for (const rows of reportText(report)) printTable(rows);
      } catch (error) {
        // Most errors of the file system name the file.
        const { path, message } = error as NodeJS.ErrnoException;
        fail(path === undefined ? `${log}: ${message}` : message);
      }
    });
}
