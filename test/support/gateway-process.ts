/** `tabea start` from the sources, for tests that kill it. */
import { main } from '../../src/cli.js';

await main(['start']);
