// Makes a fresh checkout ready: packages, a WebGPU adapter (with a software Vulkan driver where there is none), and with --build
// the compiled command. Does only what is missing, one line a step; needs nothing but Node. Exit code 4: no adapter.
// With --remove it does nothing of that, and takes away what it once wrote as root.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, buildDue } from './build.mjs';
import { findAdapter } from './setup/adapter.mjs';
import { driverAdvice, driverAttempts, install, removeSource, thisMachine, tooOldAdvice } from './setup/driver.mjs';
import { installPackages, packagesDue } from './setup/packages.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NO_ADAPTER = 4;

/**
 * Does one step and prints its line; `work` returns what failed, or nothing.
 * @param {string} what
 * @param {() => string} work
 */
function step(what, work) {
  const start = performance.now();
  process.stdout.write(`set-up: ${what} … `);
  const failure = work();
  console.log(`${failure ? 'failed' : 'done'}, ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return failure;
}

/**
 * @param {string} message
 * @param {number} code
 * @returns {never}
 */
function stop(message, code) {
  console.error(`set-up: ${message}`);
  process.exit(code);
}

function packages() {
  if (!packagesDue(ROOT)) return;
  const failure = step('packages (npm ci)', () => installPackages(ROOT));
  if (failure) stop(failure, 1);
}

function adapter() {
  const found = findAdapter();
  if (found.adapter) return;

  // What the user chose is theirs to mend, unless nothing at all is installed to choose from.
  const chosen = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'BSNN_ADAPTER'].filter((name) => process.env[name]);
  const unchosen = { ...process.env, ...Object.fromEntries(chosen.map((name) => [name, undefined])) };
  if (chosen.length > 0 && (chosen[0] !== 'BSNN_ADAPTER' || findAdapter(unchosen).adapter)) {
    const values = chosen.map((name) => `${name}=${process.env[name]}`).join(' and ');
    stop(`no WebGPU adapter under ${values}${found.error ? ` (${found.error})` : ''}; correct or unset it`, NO_ADAPTER);
  }

  const machine = thisMachine();
  if (!(machine.platform === 'linux' && machine.isRoot && machine.hasApt)) {
    const { commands, text } = driverAdvice(machine);
    const run = commands.length > 0 ? `; run\n\n  ${commands.join(' &&\n  ')}\n` : '';
    stop(`WebGPU finds no adapter on this machine${found.error ? ` (${found.error})` : ''}: ${text}${run}`, NO_ADAPTER);
  }
  let installed = false;
  for (const attempt of driverAttempts(machine)) {
    const failure = step(`no WebGPU adapter; software Vulkan driver from ${attempt.from}`, () => install(attempt));
    if (failure) console.error(failure);
    else installed = true;
    const now = findAdapter();
    if (now.adapter) return console.log(`set-up: WebGPU adapter ${now.adapter.description || now.adapter.device}`);
  }
  stop(installed ? tooOldAdvice(machine) : 'the software Vulkan driver could not be installed; apt says why above', NO_ADAPTER);
}

if (process.argv.includes('--remove')) {
  const { done, text } = removeSource();
  if (!done) stop(text, 1);
  console.log(`set-up: ${text}`);
  process.exit();
}
packages();
adapter();
if (process.argv.includes('--build') && buildDue()) {
  const failure = step('build (tsc)', () => build());
  if (failure) stop(failure, 1);
}
