// Completes package-lock.json, to be run after every change of a dependency: a registry that does not offer the packages of other
// platforms (@biomejs/cli-darwin-arm64 …) leaves them out of the lockfile without a word, and `npm ci` then refuses it everywhere.
// Name, version and platform come from the package that asks for them; their integrity is not known here and stays out.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const PLATFORM = /-(android|darwin|freebsd|linux|win32)-(arm64|arm|ia32|x64)(-musl)?$/;

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const packages = lock.packages;
let added = 0;
for (const [path, { optionalDependencies = {}, dev, license, engines }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const [, os, cpu, musl] = PLATFORM.exec(name) ?? [];
    const at = `node_modules/${name}`;
    if (packages[at] || packages[`${path}/${at}`] || !os) continue;
    packages[at] = { version, cpu: [cpu], dev, libc: musl ? ['musl'] : undefined, license, optional: true, os: [os], engines };
    console.log(`added ${name} ${version}`);
    added++;
  }
}
if (added > 0) {
  lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
}
