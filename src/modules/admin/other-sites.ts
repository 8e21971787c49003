import { ForbiddenException } from '@nestjs/common';

/**
 * Refuses requests that a page of another site makes a browser send, with the password that the browser remembers.
 *
 * @param site the request's `Sec-Fetch-Site`
 * @throws ForbiddenException
 */
export function refuseOtherSites(site: string | undefined): void {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new ForbiddenException();
}
