/** Debian's packages for the tests, on a machine that may have other work: nothing is removed, no service begins. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { run } from '../../src/bootstrap/run.mjs';

/** Asked by whatever starts a service for a package: https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const OURS = '# Put here by "npm test" of Tabea while it installs packages; may be removed.';
const FORBID = `#!/bin/sh\n${OURS}\nexit 101\n`;

/**
 * Installs what can be had; what cannot be had does not hold up the rest.
 * @param {readonly (readonly string[])[]} groups packages that are of use only together, one call each
 * @param {string} root folder to run in
 * @param {{ aptGet?: string, policyFile?: string }} played for tests of this file
 */
export async function installServers(groups, root, { aptGet = 'apt-get', policyFile = POLICY_FILE } = {}) {
  const stopped = stopWhenAsked();
  const allow = forbidStarts(policyFile);
  if (allow === undefined) {
    console.error(`Nothing is installed: ${policyFile} cannot be written, so services would begin to run.`);
    return;
  }
  try {
    // Where somebody's own policy allows services: systemctl then leaves alone what runs.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', SYSTEMD_OFFLINE: '1' };
    await run(aptGet, ['update', '-qq'], root, env);
    for (const packages of groups) {
      if (stopped.asked()) break;
      // The machine may have a mail server of its own, and only one can be installed.
      const how = ['install', '-y', '-qq', '--no-remove', '--no-install-recommends'];
      await run(aptGet, [...how, ...packages], root, env);
    }
  } finally {
    allow();
    stopped.done();
  }
}

/** Returns how to undo it; undefined where it cannot be done. A policy that is there already is its owner's. */
function forbidStarts(policyFile) {
  if (existsSync(policyFile) && !isOurs(policyFile)) return () => undefined;
  try {
    writeFileSync(policyFile, FORBID);
    chmodSync(policyFile, 0o755);
  } catch {
    return undefined;
  }
  return () => {
    if (isOurs(policyFile)) rmSync(policyFile);
  };
}

/** Also one that a run left behind which was killed. */
function isOurs(policyFile) {
  try {
    return readFileSync(policyFile, 'utf8').includes(OURS);
  } catch {
    return false;
  }
}

/** A package that is half installed, or a policy that stays, is worse than a Ctrl-C that takes a moment. */
function stopWhenAsked() {
  let signal;
  const note = (given) => (signal = given);
  process.on('SIGINT', note);
  process.on('SIGTERM', note);
  return {
    asked: () => signal !== undefined,
    done: () => {
      process.off('SIGINT', note);
      process.off('SIGTERM', note);
      if (signal !== undefined) process.kill(process.pid, signal);
    },
  };
}
