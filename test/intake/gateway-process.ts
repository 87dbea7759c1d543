/** A gateway in a process of its own that ends with SIGKILL between storing a message and answering it. */
import { setInterval } from 'node:timers';
import { fakeAdapter } from './fake-provider.js';
import { CHANNEL, startGateway } from './gateway.js';

const [url = '', folder = '', dieBeforeAnswer] = process.argv.slice(2);

const adapter = fakeAdapter(CHANNEL, {
  reply: () => {
    // The route asks for the answer when the message is durable, and not before.
    if (dieBeforeAnswer === 'die') process.kill(process.pid, 'SIGKILL');
    return { status: 200, headers: {}, body: '' };
  },
});
const gateway = await startGateway({ url, folder, adapters: { [CHANNEL]: adapter } });
console.log(gateway.origin);
setInterval(() => undefined, 60_000);
