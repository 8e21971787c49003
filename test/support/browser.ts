import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { beforeAll, onTestFinished } from 'vitest';
import { keepUntilEnd } from './process.js';
import { systemPart } from './system-part.js';

const chromiumPart = systemPart('chromium', ['chromium', 'chromium-browser', 'google-chrome']);

/** Declares a suite that needs a browser; it is skipped without Chromium unless CI=true. */
export const describeWithBrowser = chromiumPart.describe;

/** A page without the cookies of any other one. Its functions are text, because they run in the browser. */
export interface BrowserPage {
  /** Names and values of cookies for the host of a URL. */
  setCookies(url: string, cookies: Readonly<Record<string, string>>): Promise<void>;
  /** @returns what the expression, or its promise, comes to on the page */
  evaluate<T>(expression: string): Promise<T>;
  /** For what a user does: clicks, keys, screenshots. */
  readonly page: Page;
  /** What went wrong in its scripts. */
  readonly errors: readonly string[];
}

/**
 * Starts Chromium for the suite that calls this.
 *
 * @returns a function that opens a page at a URL until the test ends
 */
export function browserOnce(): (url: string, options?: BrowserContextOptions) => Promise<BrowserPage> {
  let browser: Browser | undefined;
  const keep = keepUntilEnd();
  beforeAll(async () => {
    const { path: executablePath, missing } = chromiumPart;
    if (executablePath === undefined) throw new Error(missing);
    // Chromium does not run as root with its sandbox, and /dev/shm of a container is often too small for it.
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];
    const started = await chromium.launch({ executablePath, args });
    keep(() => started.close());
    browser = started;
  }, 60_000);
  return async (url, options) => {
    if (!browser) throw new Error('The browser is started before the first test.');
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(url);
    return {
      page,
      errors,
      setCookies: (target, cookies) =>
        context.addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: target }))),
      evaluate: <T>(expression: string) => page.evaluate<T>(expression),
    };
  };
}
