import { createPrivateKey, X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/** @returns the certificates in a PEM text, or `undefined` when there is none or one that can't be parsed */
export function readCertificates(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(CERTIFICATE);
  try {
    return blocks?.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** Messages never hold any of the text. */
export function isPrivateKey(pem: string): boolean {
  try {
    createPrivateKey(pem);
    return true;
  } catch {
    return false;
  }
}

/** Both are readable. */
export function belongTogether(certificate: X509Certificate | undefined, key: string): boolean {
  return certificate?.checkPrivateKey(createPrivateKey(key)) ?? false;
}
