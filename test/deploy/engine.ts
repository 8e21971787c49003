/** The Docker daemon of scripts/lib/engine.mjs. */
export interface Engine {
  /** @returns what the command printed */
  readonly docker: (args: readonly string[], options?: { readonly timeout?: number }) => Promise<string>;
  readonly stop: () => Promise<void>;
}

interface Images {
  readonly gatewayTar: string;
  readonly demoTar: string;
}

// Scripts, without types.
const script = async (name: string): Promise<unknown> =>
  import(new URL(`../../scripts/lib/${name}.mjs`, import.meta.url).href);

export const { startEngine } = (await script('engine')) as { startEngine: () => Promise<Engine> };
export const { buildImages, gatewayImage, demoImage } = (await script('images')) as {
  buildImages: () => Promise<Images>;
  gatewayImage: string;
  demoImage: string;
};
const { SetupError } = (await script('project')) as { SetupError: new () => Error };

/** @returns the images, or why they cannot be built or run on this machine */
export async function imagesOrReason(): Promise<Images | string> {
  try {
    const images = await buildImages();
    // Images of an earlier run are no proof that a daemon can start now.
    await (await startEngine()).stop();
    return images;
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
}

/** A running container. */
export class Container {
  constructor(
    private readonly engine: Engine,
    readonly id: string,
  ) {}

  static async run(engine: Engine, args: readonly string[]): Promise<Container> {
    return new Container(engine, (await engine.docker(['run', '--detach', ...args])).trim());
  }

  /** @param template a Go template */
  async inspect(template: string): Promise<string> {
    return (await this.engine.docker(['inspect', '--format', template, this.id])).trim();
  }

  /** @returns the address on this machine of a published port */
  async published(port: number): Promise<string> {
    return `http://${(await this.engine.docker(['port', this.id, String(port)])).split('\n')[0]}`;
  }

  /** Runs JavaScript in the container. */
  async node(code: string): Promise<unknown> {
    const print = `console.log(JSON.stringify(await (async () => { ${code} })()))`;
    const args = ['exec', this.id, 'node', '--input-type=module', '--eval', print];
    return JSON.parse(await this.engine.docker(args));
  }
}
