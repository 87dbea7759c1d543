/** `tabea user` and `tabea api-key`. */
import { randomBytes } from 'node:crypto';
import { Option, type Command } from 'commander';
import { ROLES, type Role } from '../core/case-life.js';
import { UserError } from '../core/errors.js';
import { listAccounts, setAccountDisabled } from '../http/auth/account-list.js';
import { createAccount } from '../http/auth/accounts.js';
import { createApiKey, listApiKeys, revokeApiKey } from '../http/auth/api-keys.js';
import { syncOpds } from '../db/opds.js';
import { hint, print, printTable } from './output.js';
import { withStore } from './with-store.js';

interface Who {
  readonly role: Role;
  readonly opd?: string;
  readonly name?: string;
}

const role = () => new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory();

export function accountCommands(program: Command): void {
  const user = program.command('user').description('people who work in the console');
  user
    .command('create <email>')
    .description('creates a user; the password is read from TABEA_PASSWORD or made and printed')
    .addOption(role())
    .option('--opd <id>', 'department of a liaison')
    .option('--name <name>', 'as colleagues see it')
    .action(createUser);
  user.command('list').description('lists users').action(listUsers);
  user
    .command('disable <email>')
    .description('ends the sessions of a user and lets him in no more')
    .action((email: string) => setUser(email, true));
  user
    .command('enable <email>')
    .description('lets a disabled user in again')
    .action((email: string) => setUser(email, false));

  const key = program.command('api-key').description('keys of programs that use the API');
  key
    .command('create')
    .description('prints a new key and nothing else; it is shown this once')
    .addOption(role())
    .option('--opd <id>', 'department of a liaison')
    .option('--name <name>', 'what it is for')
    .action(createKey);
  key.command('list').description('lists keys by id, never the keys').action(listKeys);
  key.command('revoke <id>').description('ends a key').action(revokeKey);
}

async function createUser(email: string, options: Who): Promise<void> {
  const password = process.env['TABEA_PASSWORD'] ?? randomBytes(12).toString('base64url');
  await withStore(async ({ settings, store }) => {
    await syncOpds(store.database, settings.config.opds);
    await createAccount(store.database, {
      email,
      name: options.name ?? email,
      password,
      role: options.role,
      ...(options.opd === undefined ? {} : { opdId: options.opd }),
    });
  });
  hint(`Created ${email} (${options.role}).`);
  if (process.env['TABEA_PASSWORD'] === undefined) print(password);
}

async function listUsers(): Promise<void> {
  const accounts = await withStore(({ store }) => listAccounts(store.database));
  if (accounts.length === 0)
    return hint('There is no user yet: npx tabea user create E-MAIL --role super_admin');
  printTable(
    ['E-MAIL', 'ROLE', 'OPD', 'NAME', 'STATE'],
    accounts.map((one) => [
      one.email,
      one.role,
      one.opdId ?? '',
      one.name,
      one.disabledAt ? 'disabled' : 'active',
    ]),
  );
}

async function setUser(email: string, disabled: boolean): Promise<void> {
  const found = await withStore(({ store }) => setAccountDisabled(store.database, email, disabled));
  if (!found)
    throw new UserError('no_user', `There is no user ${email}.`, { remedy: 'See npx tabea user list.' });
  hint(`${email} is ${disabled ? 'disabled' : 'active'}.`);
}

async function createKey(options: Who): Promise<void> {
  const key = await withStore(async ({ settings, store }) => {
    await syncOpds(store.database, settings.config.opds);
    return await createApiKey(store.database, {
      role: options.role,
      ...(options.opd === undefined ? {} : { opdId: options.opd }),
      ...(options.name === undefined ? {} : { name: options.name }),
    });
  });
  print(key);
}

async function listKeys(): Promise<void> {
  const keys = await withStore(({ store }) => listApiKeys(store.database));
  if (keys.length === 0) return hint('There is no key yet: npx tabea api-key create --role ROLE');
  printTable(
    ['ID', 'ROLE', 'OPD', 'NAME', 'CREATED', 'STATE'],
    keys.map((one) => [
      one.id,
      one.role,
      one.opdId ?? '',
      one.name,
      one.createdAt.toISOString(),
      one.revokedAt ? 'revoked' : 'active',
    ]),
  );
}

async function revokeKey(id: string): Promise<void> {
  const found =
    /^[0-9a-f-]{36}$/i.test(id) && (await withStore(({ store }) => revokeApiKey(store.database, id)));
  if (!found) {
    throw new UserError('no_key', 'There is no active key with that id.', {
      remedy: 'See npx tabea api-key list.',
    });
  }
  hint('Revoked.');
}
