/** Who a typed-in report comes from: a reporter that we know by his address, or a new one. */
import { newId } from '../core/ids.js';
import { contactKey } from '../core/keys.js';
import type { Address } from '../core/message.js';
import type { Queryable } from '../db/database.js';
import { lockContacts } from './coordination.js';
import type { CaseServices } from './services.js';
import type { Identity, ReporterKey } from './vault.js';

/** As typed; blank fields count as absent. */
export interface GivenReporter {
  readonly name?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly address?: string;
}

export interface Identified {
  readonly reporterId: string | null;
  /** Where answers go; null where no address is known. */
  readonly contactKey: Buffer | null;
}

interface ReporterRow {
  readonly key: Buffer;
  readonly id: string;
  readonly wrapped_key: Buffer;
  readonly identity: Buffer | null;
}

/**
 * Takes the locks of the addresses. One address may serve a family: where its reporter has another name, the
 * report gets a reporter of its own, so that nobody's name stands over another's words.
 */
export async function identify(
  client: Queryable,
  services: CaseServices,
  given: GivenReporter,
  normalisePhone: (text: string) => string | null,
): Promise<Identified> {
  const addresses = addressesOf(given, normalisePhone).map((address) => ({
    address,
    contactKey: contactKey(services.keys, address),
  }));
  const identity = identityOf(
    given,
    addresses.find(({ address }) => address.scheme === 'tel')?.address.value,
  );
  if (Object.keys(identity).length === 0) return { reporterId: null, contactKey: null };
  await lockContacts(client, addresses);
  const known = await knownReporters(
    client,
    addresses.map((one) => one.contactKey),
  );
  const key =
    (await mergeIntoKnown(client, services, known, identity)) ??
    (await insertReporter(client, services, identity));
  for (const { address, contactKey: own } of addresses) {
    if (!known.some((row) => row.key.equals(own))) await insertContact(client, services, key, own, address);
  }
  return { reporterId: key.reporterId, contactKey: addresses[0]?.contactKey ?? null };
}

function addressesOf(given: GivenReporter, normalisePhone: (text: string) => string | null): Address[] {
  const phone = filled(given.phone) === undefined ? null : normalisePhone(given.phone ?? '');
  const email = filled(given.email)?.toLowerCase();
  return [
    ...(phone === null ? [] : [{ scheme: 'tel', value: phone }]),
    ...(email === undefined || !/^[^\s@]+@[^\s@]+$/.test(email) ? [] : [{ scheme: 'mailto', value: email }]),
  ];
}

/** A number that could not be read is kept as it was typed. */
function identityOf(given: GivenReporter, phone: string | undefined): Identity {
  const identity: { -readonly [K in keyof Identity]: Identity[K] } = {};
  const name = filled(given.name);
  const number = phone ?? filled(given.phone);
  const email = filled(given.email);
  const address = filled(given.address);
  if (name !== undefined) identity.name = name;
  if (number !== undefined) identity.phone = number;
  if (email !== undefined) identity.email = email;
  if (address !== undefined) identity.address = address;
  return identity;
}

function filled(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** In the order of the addresses. */
async function knownReporters(client: Queryable, keys: readonly Buffer[]): Promise<ReporterRow[]> {
  if (keys.length === 0) return [];
  const { rows } = await client.query<ReporterRow>(
    `SELECT c.key, r.id, r.wrapped_key, r.identity
     FROM unnest($1::bytea[]) WITH ORDINALITY AS k(key, position)
     JOIN contact c ON c.key = k.key JOIN reporter r ON r.id = c.reporter_id ORDER BY k.position`,
    [keys],
  );
  return rows;
}

/** Null where nobody is known, or only somebody of another name. */
async function mergeIntoKnown(
  client: Queryable,
  { vault }: CaseServices,
  known: readonly ReporterRow[],
  identity: Identity,
): Promise<ReporterKey | null> {
  for (const row of known) {
    const key = vault.unwrapKey(row.id, row.wrapped_key);
    const before = row.identity === null ? {} : vault.openIdentity(key, row.identity);
    if (before.name !== undefined && identity.name !== undefined && !sameName(before.name, identity.name))
      continue;
    await client.query('UPDATE reporter SET identity = $2 WHERE id = $1', [
      row.id,
      vault.sealIdentity(key, { ...before, ...identity }),
    ]);
    return key;
  }
  return null;
}

function sameName(a: string, b: string): boolean {
  const plain = (name: string) => name.toLowerCase().replaceAll(/\s+/g, ' ');
  return plain(a) === plain(b);
}

async function insertReporter(
  client: Queryable,
  { vault, clock }: CaseServices,
  identity: Identity,
): Promise<ReporterKey> {
  const key = vault.createKey(newId());
  await client.query('INSERT INTO reporter (id, wrapped_key, identity, created_at) VALUES ($1, $2, $3, $4)', [
    key.reporterId,
    key.wrapped,
    vault.sealIdentity(key, identity),
    clock.now().toISOString(),
  ]);
  return key;
}

async function insertContact(
  client: Queryable,
  { vault, clock }: CaseServices,
  key: ReporterKey,
  own: Buffer,
  address: Address,
): Promise<void> {
  await client.query(
    'INSERT INTO contact (key, reporter_id, scheme, address, created_at) VALUES ($1, $2, $3, $4, $5)',
    [own, key.reporterId, address.scheme, vault.sealAddress(key, own, address), clock.now().toISOString()],
  );
}
