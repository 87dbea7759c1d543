/** The city's own account: whose posts are ours, and whom a citizen must mention to be answered. */
import { z } from 'zod';
import { unreadableError } from './errors.js';
import type { XClient } from './client.js';
import { isId } from './snowflake.js';

const me = z.looseObject({ data: z.looseObject({ id: z.string().refine(isId) }) });

export class Account {
  readonly #client: XClient;
  readonly #accessToken: string;
  #id: string | undefined;

  constructor(client: XClient, accessToken: string) {
    this.#client = client;
    this.#accessToken = accessToken;
  }

  /** X's access tokens begin with the id of their user, so that nothing is asked. Throws ChannelError. */
  async id(signal: AbortSignal): Promise<string> {
    const [prefix, rest] = this.#accessToken.split('-', 2);
    if (rest !== undefined && isId(prefix)) return prefix;
    return (this.#id ??= await this.ask(signal));
  }

  /** Whether X knows our token: https://docs.x.com/x-api/users/get-my-user. Throws ChannelError. */
  async ask(signal: AbortSignal): Promise<string> {
    const { data } = await this.#client.get('users/me', {}, { as: 'user', signal });
    const read = me.safeParse(data);
    if (!read.success) throw unreadableError();
    return read.data.data.id;
  }
}
