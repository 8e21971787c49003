import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../../scripts/lib/cache-folder.mjs';
import { runQuietly } from '../../../scripts/lib/children.mjs';
import { inRoot, SetupError } from '../../../scripts/lib/project.mjs';
import { findOnPath } from '../find-on-path.mjs';

const project = inRoot('test/bench/peers/spring');
const sources = ['pom.xml', 'src/main/java/bench/Gateway.java'].map((file) => join(project, file));
const buildWithinMs = 15 * 60_000;

/** Another project file makes another folder, so that what was built before is never mistaken for it. */
function folder() {
  const hash = createHash('sha256');
  for (const file of sources) hash.update(readFileSync(file));
  return join(cacheFolder(), `spring-cloud-gateway-${hash.digest('hex').slice(0, 12)}`);
}

const jar = () => join(folder(), 'gateway.jar');

/** @returns {string | undefined} the path of the program, if it was built */
export const findSpringGateway = () => (existsSync(jar()) ? jar() : undefined);

/** The versions in its project file. */
export function springVersion() {
  const pom = readFileSync(sources[0], 'utf8');
  const [, boot] = /spring-boot-starter-parent<\/artifactId>\s*<version>(.*?)</.exec(pom);
  const [, cloud] = /spring-cloud-dependencies<\/artifactId>\s*<version>(.*?)</.exec(pom);
  return `Spring Cloud ${cloud}, Spring Boot ${boot}`;
}

/** @throws {SetupError} without Maven and Java, or when it cannot be built */
export async function installSpringGateway() {
  if (findSpringGateway()) return;
  if (!findOnPath('mvn') || !findOnPath('java')) {
    throw new SetupError('Spring Cloud Gateway needs Java 17 and Maven: `apt install maven`.');
  }
  console.log('Building Spring Cloud Gateway with Maven (some minutes, once)…');
  const args = ['--batch-mode', '--quiet', '--file', sources[0], 'package', `-Doutput=${folder()}`];
  const { code, stdout } = await runQuietly('mvn', args, { timeout: buildWithinMs });
  if (code !== 0) throw new SetupError(`Spring Cloud Gateway could not be built. Maven reported:\n${stdout}`);
}
