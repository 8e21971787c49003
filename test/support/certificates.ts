import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority for tests, created with openssl and kept in memory only. */
export class Authority {
  private constructor(private readonly pair: KeyPair) {}

  static create(name = 'Test CA'): Authority {
    return new Authority(
      inFolder((folder) => {
        openssl(folder, ...SELF_SIGNED, '-subj', `/CN=${name}`, '-keyout', 'key.pem', '-out', 'cert.pem');
        return readPair(folder);
      }),
    );
  }

  /** The PEM text of its own certificate. */
  get ca(): string {
    return this.pair.cert;
  }

  /** @param names such as `DNS:users.test` or `IP:127.0.0.1` */
  issue(...names: string[]): KeyPair {
    return this.issueTo('/CN=leaf', names);
  }

  /**
   * @param subject such as `/CN=alice`
   * @param days of validity; below zero, the certificate is expired
   */
  issueTo(subject: string, names: readonly string[], days = 2): KeyPair {
    return inFolder((folder) => {
      this.writeTo(folder);
      writeFileSync(join(folder, 'names'), `subjectAltName=${names.join(',')}\n`);
      openssl(folder, 'req', ...NEW_KEY, '-subj', subject, '-keyout', 'key.pem', '-out', 'csr.pem');
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', String(days)];
      openssl(folder, 'x509', '-req', '-in', 'csr.pem', ...by, '-extfile', 'names', '-out', 'cert.pem');
      return readPair(folder);
    });
  }

  /** @returns the PEM text of a list that revokes some certificates */
  revoke(...certificates: readonly KeyPair[]): string {
    return inFolder((folder) => {
      this.writeTo(folder);
      writeFileSync(join(folder, 'index'), '');
      writeFileSync(join(folder, 'ca.cnf'), '[ca]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=2\n');
      const by = ['ca', '-config', 'ca.cnf', '-name', 'ca', '-cert', 'ca.pem', '-keyfile', 'ca-key.pem'];
      for (const [i, { cert }] of certificates.entries()) {
        writeFileSync(join(folder, `${i}.pem`), cert);
        openssl(folder, ...by, '-revoke', `${i}.pem`);
      }
      openssl(folder, ...by, '-gencrl', '-out', 'crl.pem');
      return readFileSync(join(folder, 'crl.pem'), 'utf8');
    });
  }

  private writeTo(folder: string): void {
    writeFileSync(join(folder, 'ca.pem'), this.pair.cert);
    writeFileSync(join(folder, 'ca-key.pem'), this.pair.key);
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const SELF_SIGNED = ['req', '-x509', ...NEW_KEY, '-days', '2'];

function openssl(folder: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
}

function readPair(folder: string): KeyPair {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { cert: read('cert.pem'), key: read('key.pem') };
}

function inFolder<T>(make: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-certificates-'));
  try {
    return make(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
