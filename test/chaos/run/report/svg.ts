export type Attributes = Readonly<Record<string, string | number>>;

export const escape = (text: string) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** @param content markup, not text */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escape(typeof value === 'number' ? round(value) : value)}"`,
  );
  return `<${name}${written.join('')}>${content}</${name}>`;
}

export const text = (x: number, y: number, content: string, className = '') =>
  element('text', { x, y, class: className }, escape(content));

/** A rectangle that shows a text when it is pointed at. */
export const box = (attributes: Attributes, tooltip: string) =>
  element('rect', attributes, element('title', {}, escape(tooltip)));

export const round = (value: number) => String(Math.round(value * 10) / 10);
