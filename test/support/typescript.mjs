/** `node --import` this: a process of a test runs the TypeScript sources, as jest does, and not a build. */
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
