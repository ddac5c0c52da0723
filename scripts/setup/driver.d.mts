/** What the advice depends on; `id`, `version` and `codename` are those of /etc/os-release, the last four optional knowledge. */
export interface Machine {
  readonly platform: string;
  readonly id?: string;
  readonly version?: string;
  readonly codename?: string;
  readonly isRoot: boolean;
  readonly hasApt: boolean;
  /** The mirror that carries the release, and the keyring it is checked with. */
  readonly mirror?: string;
  readonly signedBy?: string;
  /** The release's backports are configured already. */
  readonly hasBackports?: boolean;
  /** NVIDIA's kernel driver is there. */
  readonly hasNvidia?: boolean;
}

/** One way to a driver: shell commands in order, and the file they leave behind. */
export interface Attempt {
  readonly from: string;
  readonly commands: readonly string[];
  readonly writes?: string;
}

export function driverAttempts(machine: Machine): Attempt[];
export function driverAdvice(machine: Machine): { commands: string[]; text: string };
export function tooOldAdvice(machine: { readonly id?: string; readonly version?: string }): string;
export function thisMachine(): Machine;
export function install(attempt: Attempt): string;
export function removeSource(root?: string): { done: boolean; text: string };
