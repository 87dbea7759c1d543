/** Opens the vault for those who may look. Ask the policy first. */
import type { CaseServices } from './services.js';
import { VaultError, type Identity } from './vault.js';

/** Fields that are not known are null. */
export interface ReporterView {
  readonly name: string | null;
  readonly phone: string | null;
  readonly email: string | null;
  readonly address: string | null;
  /** Every address that he wrote from, also on platforms that have neither telephone nor e-mail. */
  readonly contacts: readonly {
    readonly scheme: string;
    readonly value: string;
    readonly name: string | null;
  }[];
}

interface ReporterRow {
  readonly id: string;
  readonly wrapped_key: Buffer;
  readonly identity: Buffer | null;
  readonly contacts: readonly { key: string; scheme: string; address: string }[];
}

/** Reporters by id. One that cannot be deciphered (erased, other secret key) is left out and logged by id. */
export async function readReporters(
  services: Pick<CaseServices, 'database' | 'vault' | 'logger'>,
  ids: readonly string[],
): Promise<Map<string, ReporterView>> {
  if (ids.length === 0) return new Map();
  const { rows } = await services.database.pool.query<ReporterRow>({
    name: 'reporters-read',
    text: `SELECT r.id, r.wrapped_key, r.identity, coalesce(
             (SELECT json_agg(json_build_object('key', encode(c.key, 'hex'), 'scheme', c.scheme,
                'address', encode(c.address, 'hex')) ORDER BY c.created_at, c.key)
              FROM contact c WHERE c.reporter_id = r.id), '[]') AS contacts
           FROM reporter r WHERE r.id = ANY($1::uuid[])`,
    values: [[...new Set(ids)]],
  });
  const opened = new Map<string, ReporterView>();
  for (const row of rows) {
    try {
      opened.set(row.id, open(services, row));
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      services.logger.warn({ reporterId: row.id }, 'A reporter cannot be deciphered');
    }
  }
  return opened;
}

function open({ vault }: Pick<CaseServices, 'vault'>, row: ReporterRow): ReporterView {
  const key = vault.unwrapKey(row.id, row.wrapped_key);
  const identity: Identity = row.identity === null ? {} : vault.openIdentity(key, row.identity);
  const contacts = row.contacts.map(({ key: contactKey, scheme, address }) => {
    const { value, name } = vault.openAddress(
      key,
      Buffer.from(contactKey, 'hex'),
      Buffer.from(address, 'hex'),
    );
    return { scheme, value, name: name ?? null };
  });
  const of = (scheme: string) => contacts.find((one) => one.scheme === scheme)?.value ?? null;
  return {
    name: identity.name ?? contacts.find((one) => one.name !== null)?.name ?? null,
    phone: identity.phone ?? of('tel'),
    email: identity.email ?? of('mailto'),
    address: identity.address ?? null,
    contacts,
  };
}
