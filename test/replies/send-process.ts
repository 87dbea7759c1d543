/** Sends replies in a process of its own, which a test can kill. Arguments: database, provider, ids. */
import { openDatabase } from '../../src/db/database.js';
import { CHANNEL, makeService, never, smsAdapter, testClock } from './stand.js';

const [databaseUrl = '', providerUrl = '', ...ids] = process.argv.slice(2);
const database = openDatabase({ url: databaseUrl });
const clock = testClock();
const service = makeService(database, { [CHANNEL]: smsAdapter(providerUrl, CHANNEL, clock) }, clock);
await service.sendReplies(CHANNEL, ids, never);
process.stdout.write('sent\n');
