/** @typedef {{ readonly node: Element, readonly update: (item: any) => void }} Row */

/**
 * Texts become text nodes, so nothing that an upstream or a configuration says becomes markup.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string | Readonly<Record<string, string>>} [attributes] a class name or attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  const named = typeof attributes === 'string' ? { class: attributes } : attributes;
  for (const [name, value] of Object.entries(named)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/**
 * @param {string} label
 * @param {() => void} onClick
 * @param {string} [className]
 */
export function button(label, onClick, className = '') {
  const node = el('button', { type: 'button', class: className }, label);
  node.addEventListener('click', onClick);
  return node;
}

/** @param {string} id */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`There is no #${id}.`);
  return node;
}

/**
 * A reader of screens says again what is written again.
 *
 * @type {(node: Element, text: string) => void}
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @type {(node: Element, name: string, value: string) => void} */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** @type {WeakMap<Element, Map<string, Row>>} */
const rowsOf = new WeakMap();

/**
 * Makes the children of a node show some items. What is there already is updated and stays, with its focus.
 *
 * @template T
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => { readonly node: Element, readonly update: (item: T) => void }} make
 */
export function showItems(parent, items, keyOf, make) {
  const rows = rowsOf.get(parent) ?? new Map();
  rowsOf.set(parent, rows);
  const wanted = new Set(items.map(keyOf));
  for (const [key, row] of rows) {
    if (wanted.has(key)) continue;
    row.node.remove();
    rows.delete(key);
  }
  const focused = document.activeElement;
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let row = rows.get(key);
    if (!row) rows.set(key, (row = make(item)));
    row.update(item);
    if (next && row.node === next) next = next.nextElementSibling;
    else parent.insertBefore(row.node, next);
  }
  // What is moved loses the focus.
  if (focused instanceof HTMLElement && focused !== document.activeElement && parent.contains(focused))
    focused.focus({ preventScroll: true });
}

/**
 * Items that never change.
 *
 * @template T
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => Element} make
 */
export function showFixedItems(parent, items, keyOf, make) {
  showItems(parent, items, keyOf, (item) => ({ node: make(item), update: () => {} }));
}

const SHAPES = Object.freeze({ ok: '●', degraded: '▲', down: '■' });

/**
 * A status as a shape, a colour and a word.
 *
 * @param {'ok' | 'degraded' | 'down'} status
 * @param {string} word
 */
export function statusBadge(status, word) {
  return el('span', `badge ${status}`, el('span', { 'aria-hidden': 'true' }, SHAPES[status]), ` ${word}`);
}
