import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { TrainsProgram } from '../plan/trains/plan.ts';
import { phasesOfSteps } from '../quantize/phases.ts';
import { formOf } from '../quantize/quantize.ts';
import { planSession } from '../run/session.ts';
import { planStepped, type SteppedSessionOptions } from '../run/stepped-session.ts';
import type { Evaluation } from './prepare.ts';

// What is planned for a network depends on its form, not on its scales. So what cannot be is said before images are read for them.

/** What the form of a converted network follows from. */
type Form = Pick<Evaluation, 'ann' | 'phaseBits' | 'initial' | 'mean' | 'std'>;

/** The least K that is chosen where K is "auto". */
const LEAST_PHASES = 2;

/** A network of the form that an evaluation converts to. Where K is to be chosen it is the least. @throws as the conversion would */
function formFor({ ann, phaseBits, ...options }: Form): SpikingNetwork {
  const phases = phaseBits === 'auto' ? phasesOfSteps(ann).map((own) => own ?? LEAST_PHASES) : phaseBits;
  return formOf(ann, { ...options, phaseBits: phases });
}

/** Plans for one image what will be run by words. @throws OptionError, DeviceError where it can not be */
export function rehearseWords(
  device: Device,
  evaluation: Form & Pick<Evaluation, 'waves'>,
  { keepWords = false }: { readonly keepWords?: boolean } = {},
): void {
  planSession(device, formFor(evaluation), { batch: 1, waves: evaluation.waves, keepWords });
}

/** A run as it would be. */
export interface Rehearsed {
  readonly device: Device;
  readonly network: SpikingNetwork;
  readonly plan: TrainsProgram;
}

/**
 * The same of what will be run step by step, where K is known.
 * @param runsOf the network: what depends on its times
 * @param check looks at each plan further
 */
export function rehearseSteps(
  device: Device,
  evaluation: Form,
  runsOf: (network: SpikingNetwork) => readonly Omit<SteppedSessionOptions, 'batch'>[],
  check: (rehearsed: Rehearsed) => void = () => {},
): void {
  if (evaluation.phaseBits === 'auto') return;
  const network = formFor(evaluation);
  for (const run of runsOf(network)) check({ device, network, plan: planStepped(device, network, { ...run, batch: 1 }) });
}
