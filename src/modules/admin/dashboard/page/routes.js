import { milliseconds, rate, share, visible, whole } from '../format.js';
import { topRoutes } from '../picture.js';
import { byId, el, setText, showItems } from './dom.js';

/** @import { Picture, RouteTraffic } from '../wire.js' */

/** @param {Picture} picture */
export function showRoutes(picture) {
  const { value } = /** @type {HTMLSelectElement} */ (byId('route-order'));
  const shown = topRoutes(picture, value === 'requests' ? value : 'errors');
  showItems(
    byId('routes'),
    shown,
    ({ route }) => route,
    ({ route }) => row(route, picture),
  );
  byId('no-routes').hidden = shown.length > 0;
}

/** @type {(route: string, picture: Picture) => { node: Element, update: (traffic: RouteTraffic) => void }} */
function row(route, picture) {
  const cells = ['', 'medium', '', ''].map((each) => el('td', `number ${each}`));
  const name = el('th', { scope: 'row' }, el('bdi', 'name', visible(route)));
  // As in the metrics.
  if (route === 'none') name.append(' ', el('span', 'soft', 'requests without a route'));
  return {
    node: el('tr', {}, name, ...cells),
    update({ requests, errors, p95 }) {
      const { seconds } = picture.topRoutes;
      const texts = [rate(requests / seconds), whole(errors), share(errors, requests), milliseconds(p95)];
      for (const [i, cell] of cells.entries()) setText(cell, texts[i] ?? '');
      for (const cell of cells.slice(1, 3)) cell.classList.toggle('bad', errors > 0);
    },
  };
}
