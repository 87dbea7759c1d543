/** The first user and the first API key of a new installation. */
import { randomBytes } from 'node:crypto';
import { UserError } from '../core/errors.js';
import type { Database } from '../db/database.js';
import { createAccount, hasAccounts } from '../http/auth/accounts.js';
import { bootstrapApiKey } from '../http/auth/api-keys.js';
import type { Settings } from './settings.js';

export interface FirstLogin {
  readonly email: string;
  readonly password: string;
}

/** Resolves with what must be shown to the administrator: only where the password was made here, just now. */
export async function firstLogin(settings: Settings, database: Database): Promise<FirstLogin | undefined> {
  const { env, config } = settings;
  if (env.bootstrapApiKey !== undefined) await bootstrapApiKey(database, env.bootstrapApiKey);
  if (await hasAccounts(database)) return undefined;
  const given = env.bootstrapAdmin;
  const login = given ?? {
    email: `admin@${config.city.id}.example`,
    password: randomBytes(9).toString('base64url'),
  };
  try {
    await createAccount(database, { ...login, name: 'Super Admin', role: 'super_admin' });
  } catch (error) {
    // Another process starts on the same empty database at this moment: the login that it shows is the one.
    if (error instanceof UserError && error.code === 'account_exists') return undefined;
    throw error;
  }
  return given === undefined ? login : undefined;
}
