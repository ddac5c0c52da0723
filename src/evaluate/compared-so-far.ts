import type { Hits } from './accuracy.ts';
import { type CheckpointStore, networkOf, networkText } from './checkpoint.ts';
import type { NeuronSums } from './compare-neuron.ts';
import type { ComparedNeuron } from './compared-neuron.ts';
import { convertPrepared, type Prepared } from './convert-prepared.ts';
import { type Journal, openJournal } from './journal.ts';
import type { LastingDevice } from './lasting.ts';
import type { EvaluateSettings } from './options.ts';
import type { Evaluation } from './prepare.ts';
import { onceIn, type StagesSoFar } from './stages.ts';
import { subjectOf } from './subject.ts';

/** What a comparison has found of the images that are done. */
export interface ComparedSums {
  readonly images: number;
  readonly trained: Hits;
  /** Of each kind of neuron. */
  readonly neurons: readonly NeuronSums[];
}

/** What a comparison has found so far: plain data. The stages are those of the conversion, until that is done. */
export interface ComparedSoFar extends StagesSoFar {
  /** The network as text; null before it is converted. */
  readonly converted: (Omit<Prepared, 'network'> & { readonly network: string }) | null;
  /** null before the first batch. */
  readonly sums: ComparedSums | null;
}

/** Opens what was kept of a comparison. @throws OptionError for a checkpoint of another */
export async function openComparison(
  store: CheckpointStore | null,
  evaluation: Evaluation,
  settings: EvaluateSettings,
  own: { readonly neurons: readonly ComparedNeuron[]; readonly timesteps: readonly number[] },
): Promise<Journal<ComparedSoFar>> {
  const subject = store && (await subjectOf({ ...evaluation, dataset: evaluation.dataset.name, settings, own }));
  return openJournal<ComparedSoFar>({ store, work: 'compare', subject }, { stages: {}, converted: null, sums: null });
}

/** The converted network: that of a journal, where it has one. */
export async function convertOnce(
  lasting: LastingDevice,
  evaluation: Evaluation,
  journal: Journal<ComparedSoFar>,
): Promise<Prepared> {
  const { converted } = journal.found;
  if (converted) return { ...converted, network: await networkOf(converted.network) };
  const prepared = await convertPrepared(lasting, evaluation, onceIn(journal));
  if (journal.isKept) {
    journal.note({ stages: {}, converted: { ...prepared, network: await networkText(prepared.network) } }, 'always');
  }
  return prepared;
}
