// The software Vulkan driver (Mesa's lavapipe): what to install on which machine, and, as root with apt, the installation.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findMirror, readSources } from './sources.mjs';

const PACKAGES = 'libvulkan1 mesa-vulkan-drivers';
const BACKPORTS_FILE = '/etc/apt/sources.list.d/bsnn-backports.sources';
const DEBIAN_MIRROR = 'http://deb.debian.org/debian';
const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const DEBIAN_CODENAMES = /** @type {Record<string, string>} */ ({ 11: 'bullseye', 12: 'bookworm', 13: 'trixie' });
/** Debian's own lavapipe is refused by Dawn up to this release (12: Mesa 22.3.6, "shaderUniform*ArrayDynamicIndexing required"). */
const LAST_DEBIAN_TOO_OLD = 12;

const OTHER_LINUX = [
  { ids: ['fedora', 'rhel', 'centos', 'rocky', 'almalinux'], command: 'dnf install -y vulkan-loader mesa-vulkan-drivers' },
  { ids: ['arch', 'manjaro'], command: 'pacman -S --noconfirm vulkan-icd-loader vulkan-swrast' },
  { ids: ['opensuse-leap', 'opensuse-tumbleweed', 'sles'], command: 'zypper install -y libvulkan1 libvulkan_lvp' },
];

/**
 * The ways to a driver through apt, in the order to try them; after each, the adapter is asked for again.
 * @param {import('./driver.mjs').Machine} machine
 * @returns {import('./driver.mjs').Attempt[]}
 */
export function driverAttempts(machine) {
  const install = (/** @type {string} */ packages) => ['apt-get update', `apt-get install -y --no-install-recommends ${packages}`];
  const attempts = /** @type {import('./driver.mjs').Attempt[]} */ ([]);
  if (machine.hasNvidia) attempts.push({ from: "the Vulkan loader for NVIDIA's driver", commands: install('libvulkan1') });
  attempts.push({ from: 'the distribution', commands: install(PACKAGES) });

  const codename = machine.codename ?? DEBIAN_CODENAMES[Number(machine.version)];
  // Testing and unstable have no version, and no backports either.
  if (machine.id === 'debian' && codename && Number(machine.version) > 0) {
    const suite = `${codename}-backports`;
    const stanza = [
      'Types: deb',
      `URIs: ${machine.mirror ?? DEBIAN_MIRROR}`,
      `Suites: ${suite}`,
      'Components: main',
      `Signed-By: ${machine.signedBy ?? DEBIAN_KEYRING}`,
    ];
    const write = `printf '%s\\n' ${stanza.map((line) => `'${line}'`).join(' ')} | tee ${BACKPORTS_FILE} > /dev/null`;
    attempts.push({
      from: suite,
      commands: [...(machine.hasBackports ? [] : [write]), ...install(`-t ${suite} ${PACKAGES}`)],
      ...(machine.hasBackports ? {} : { writes: BACKPORTS_FILE }),
    });
  }
  return attempts;
}

/**
 * Takes away what set-up wrote as root outside of the checkout: the source of backports. Packages that apt has installed stay, since others
 * may use them by now.
 * @param {string} root in which the system's files are
 * @returns {{ done: boolean, text: string }} a sentence, and whether nothing of it is left
 */
export function removeSource(root = '/') {
  const file = join(root, BACKPORTS_FILE);
  const packages = `; the packages that it installed stay; to take them away as well: apt-get purge ${PACKAGES}`;
  if (!lstatSync(file, { throwIfNoEntry: false })) return { done: true, text: `there is no ${file}${packages}` };
  try {
    rmSync(file);
    return { done: true, text: `${file} is removed${packages}` };
  } catch (cause) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (cause);
    return { done: false, text: `${file} cannot be removed (${code}); run: sudo rm ${file}` };
  }
}

/** Puts `sudo` before what needs it: the command itself, or the `tee` that a pipe ends in. */
const withSudo = (/** @type {string} */ command) =>
  command.includes(' | tee ') ? command.replace(' | tee ', ' | sudo tee ') : `sudo ${command}`;

/**
 * What a user can do where WebGPU finds no adapter: the commands to run, ready to paste, and a sentence. Pure.
 * @param {import('./driver.mjs').Machine} machine
 * @returns {{ commands: string[], text: string }}
 */
export function driverAdvice(machine) {
  const { platform, id = '', version = '', isRoot, hasApt } = machine;
  const asUser = (/** @type {readonly string[]} */ commands) => (isRoot ? [...commands] : commands.map(withSudo));

  if (platform === 'darwin')
    return { commands: [], text: 'macOS offers its GPU through Metal; run outside of a sandbox, on macOS 12 or newer' };
  if (platform === 'win32')
    return { commands: [], text: "Windows offers its GPU through Direct3D 12; update the graphics card's driver" };
  if (platform !== 'linux')
    return { commands: [], text: `the webgpu package has no binary for ${platform}; use Linux, macOS or Windows` };

  if (!hasApt) {
    const known = OTHER_LINUX.find(({ ids }) => ids.includes(id));
    if (!known)
      return {
        commands: [],
        text: "install the Vulkan loader and Mesa's lavapipe (Mesa 23.2 or newer), the software Vulkan driver",
      };
    return { commands: asUser([known.command]), text: "install the Vulkan loader and Mesa's lavapipe, the software Vulkan driver" };
  }

  const attempts = driverAttempts(machine).filter(({ from }) => !from.includes('NVIDIA'));
  const tooOld = id === 'debian' && Number(version) > 0 && Number(version) <= LAST_DEBIAN_TOO_OLD;
  const { commands, from } = tooOld ? attempts[attempts.length - 1] : attempts[0];
  const text = tooOld
    ? `install the software Vulkan driver from ${from} (Debian ${version}'s own is too old for WebGPU)`
    : "install the software Vulkan driver, Mesa's lavapipe";
  return { commands: asUser(commands), text };
}

/** What to do where apt's own drivers were installed and WebGPU refuses them all. */
export function tooOldAdvice({ id = '', version = '' }) {
  const own = `the software Vulkan driver of ${`${id} ${version}`.trim()} is installed, and WebGPU does not accept it`;
  const ubuntu = 'add-apt-repository -y ppa:kisak/kisak-mesa && apt-get install -y mesa-vulkan-drivers';
  const way =
    id === 'ubuntu'
      ? `use Ubuntu 22.04 with its updates or newer, or a newer Mesa (${ubuntu})`
      : 'use a newer release, or a newer Mesa';
  return `${own}: ${way}, or name another Vulkan driver in VK_DRIVER_FILES`;
}

/** This machine, as the advice needs it. */
export function thisMachine() {
  const release = /** @type {Record<string, string>} */ ({});
  if (existsSync('/etc/os-release')) {
    for (const [, name, value] of readFileSync('/etc/os-release', 'utf8').matchAll(/^(\w+)="?([^"\n]*)"?$/gm))
      release[name] = value;
  }
  const { ID: id, VERSION_ID: version, VERSION_CODENAME: codename } = release;
  const hasApt = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'apt-get')));
  return {
    platform: process.platform,
    ...(id ? { id } : {}),
    ...(version ? { version } : {}),
    ...(codename ? { codename } : {}),
    isRoot: process.getuid?.() === 0,
    hasApt,
    hasNvidia: existsSync('/dev/nvidiactl'),
    ...findMirror(hasApt ? readSources() : [], codename ?? DEBIAN_CODENAMES[Number(version)] ?? ''),
  };
}

/**
 * Runs one attempt's commands as they stand. A failed `apt-get update` is no failure (one dead third-party source fails it): what
 * counts is the install. An attempt that fails leaves no source file behind.
 * @param {import('./driver.mjs').Attempt} attempt
 * @returns {string} empty, or the output of the command that failed
 */
export function install({ commands, writes }) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  for (const command of commands) {
    const line = command.replace(/^apt-get /, 'apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 ');
    const child = spawnSync('sh', ['-c', `${line} 2>&1`], { env, encoding: 'utf8', maxBuffer: 2 ** 26 });
    if (child.status === 0 || command === 'apt-get update') continue;
    if (writes) rmSync(writes, { force: true });
    return `${command}\n${child.stdout.trim().split('\n').slice(-12).join('\n')}`;
  }
  return '';
}
