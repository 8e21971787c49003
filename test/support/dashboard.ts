import type { BrowserPage } from './browser.js';
import { until } from './until.js';

/** Waits until an element of the page has this text in it. */
export async function expectText(
  { page }: BrowserPage,
  selector: string,
  text: string | RegExp,
): Promise<void> {
  const find = async () => {
    const found = await page.locator(selector).allInnerTexts();
    const all = found.join('\n').replaceAll(/\s+/g, ' ');
    return typeof text === 'string' ? all.includes(text) : text.test(all);
  };
  await until(`${selector} shows ${String(text)}`, find, 30_000);
}
