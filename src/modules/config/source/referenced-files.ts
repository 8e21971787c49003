import { dirname, isAbsolute, join, resolve } from 'node:path';
import { readFailure } from '../read-failure.js';

/** Files that a configuration names: secrets and keys, relative to the folder of the file itself. */
export class ReferencedFiles {
  private readonly folder: string;

  /**
   * @param configFile path of the configuration
   * @param readFile throws when it can't read
   */
  constructor(
    configFile: string,
    private readonly readFile: (path: string) => string,
  ) {
    this.folder = dirname(configFile);
  }

  /** @returns where the file is, as seen from where the configuration was named */
  locate(path: string): string {
    return isAbsolute(path) ? path : join(this.folder, path);
  }

  /** @returns the content, or why there is none, in words */
  read(path: string): { readonly text: string } | { readonly failure: string } {
    try {
      return { text: this.readFile(resolve(this.folder, path)) };
    } catch (error) {
      return { failure: readFailure(error) };
    }
  }
}
