/** The command line from the sources: `tabea-process.ts COMMAND …`. */
import { main } from '../../src/cli.js';

await main(process.argv.slice(2));
