#!/usr/bin/env node
/**
 * `npm start` and `npx tabea`: from a fresh clone to a running Tabea, in one process, so that Ctrl-C reaches
 * what it is meant for. This file is understood by old versions of Node.js too: they must be able to say what
 * is wrong with them. Everything else is in `bootstrap/`.
 */
import { readFileSync } from 'node:fs';

const about = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const needed = /\d+\.\d+/.exec(about.engines.node)[0];

function isOlder(version, than) {
  const [major, minor] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = than.split('.').map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

if (isOlder(process.versions.node, needed)) {
  console.error(`Tabea needs Node.js ${needed} or newer; this is ${process.versions.node}.`);
  console.error('  Install a current one from https://nodejs.org and start again.');
  process.exitCode = 1;
} else {
  void import('./bootstrap/launch.mjs').then(({ launch }) => launch(process.argv.slice(2)));
}
