/** Accounts as the command line lists and switches them. */
import type { Database } from '../../db/database.js';
import { normaliseEmail } from './accounts.js';

export interface ListedAccount {
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly opdId: string | null;
  readonly disabledAt: Date | null;
}

/** By e-mail address. */
export async function listAccounts(db: Database): Promise<ListedAccount[]> {
  const { rows } = await db.pool.query<ListedAccount>(
    `SELECT email, name, role, opd_id AS "opdId", disabled_at AS "disabledAt" FROM account ORDER BY email`,
  );
  return rows;
}

/** Disabling ends the account's sessions as well. False where there is no such account. */
export async function setAccountDisabled(
  db: Database,
  email: string,
  disabled: boolean,
  now = new Date(),
): Promise<boolean> {
  return await db.transaction(async (client) => {
    const { rows } = await client.query<{ id: string }>(
      'UPDATE account SET disabled_at = $2 WHERE email = $1 RETURNING id',
      [normaliseEmail(email), disabled ? now : null],
    );
    const id = rows[0]?.id;
    if (id !== undefined && disabled) await client.query('DELETE FROM session WHERE account_id = $1', [id]);
    return id !== undefined;
  });
}
