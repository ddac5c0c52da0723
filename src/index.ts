/** The public face of `bsnn-webgpu`. Nothing else is exported. */

export type { Ann, AnnLayer, AnnNeurons, AnnPool, AnnReadout, AnnTerm, Convolution, Identity, Shape, Window } from './ann/ann.ts';
export type { PhaseChoice } from './convert/choose-phases.ts';
export { type ConvertOptions, convert } from './convert/convert.ts';
export type { Estimate } from './convert/estimate.ts';
export type { ScaleWay, Trial, Way } from './convert/search.ts';
export type { DataSet, SkippedImage } from './data/data-set.ts';
export {
  DATA_SET_FORMS,
  type FramingOptions,
  type OpenDataSetOptions,
  type OpenedPaths,
  openDataSet,
  openPaths,
} from './data/open.ts';
export { readSidecar, type Sidecar } from './data/sidecar.ts';
export {
  BsnnError,
  ConversionError,
  DataSetError,
  DeviceError,
  type ErrorCode,
  ModelFormatError,
  OptionError,
  UnsupportedModelError,
} from './errors.ts';
export type { Accuracy } from './evaluate/accuracy.ts';
export type { CheckpointStore } from './evaluate/checkpoint.ts';
export { type CompareOptions, type CompareProgress, compare } from './evaluate/compare.ts';
export type { Comparison, ComparisonRow } from './evaluate/comparison.ts';
export { type ConvertedModel, type ConvertModelOptions, convertModel } from './evaluate/convert-model.ts';
export type { CurvePoint } from './evaluate/curve.ts';
export type { Energy, LayerDiagnosis } from './evaluate/diagnosis.ts';
export type { WordDigest } from './evaluate/digest.ts';
export { evaluate } from './evaluate/evaluate.ts';
export { readEvaluation } from './evaluate/evaluation-file.ts';
export { type ExplainOptions, type Explanation, explain } from './evaluate/explain.ts';
export { mergeParts, type NamedEvaluation } from './evaluate/merge-parts.ts';
export { type Model, openModel } from './evaluate/model.ts';
export type { Note } from './evaluate/notes.ts';
export type { EvaluateOptions } from './evaluate/options.ts';
export type { Progress } from './evaluate/passes.ts';
export {
  type Prediction,
  type Predictions,
  type PredictOptions,
  type PredictProgress,
  predict,
  type Score,
} from './evaluate/predict.ts';
export {
  type ImagesRecording,
  type LayerValues,
  type OnRecordedBatch,
  type RecordedBatch,
  type RecordedLayer,
  type RecordImagesOptions,
  type RecordSavedOptions,
  recordImages,
  recordSaved,
} from './evaluate/record.ts';
export type { Recorded } from './evaluate/recorded.ts';
export type {
  DiagnosisSummary,
  DigestFigures,
  EvaluationResult,
  InputFigures,
  LayerFigures,
  PartFigures,
  SavedEvaluation,
  SpikingAccuracy,
  Timing,
} from './evaluate/result.ts';
export { evaluateSaved } from './evaluate/saved.ts';
export type { SavedOptions } from './evaluate/saved-inputs.ts';
export type { Shard } from './evaluate/shard.ts';
export type { Subject } from './evaluate/subject.ts';
export { type SweepOptions, type SweepProgress, sweep } from './evaluate/sweep.ts';
export type { Sweep, SweepRow } from './evaluate/swept.ts';
export { type LayerTrace, type TraceOptions, trace } from './evaluate/trace.ts';
export { type TuneNetworkOptions, type TuneNetworkProgress, tuneNetwork } from './evaluate/tune-network.ts';
export type { Check, TunedNetwork } from './evaluate/tuned-network.ts';
export { type Verification, verifyEvaluations } from './evaluate/verify.ts';
export type { WorkOptions } from './evaluate/work.ts';
export type { AdapterDescription, Device, DeviceOptions } from './gpu/device.ts';
export { openDevice } from './gpu/node.ts';
export { check, checkNetwork, type Finding } from './network/check.ts';
export type {
  SpikingInput,
  SpikingLayer,
  SpikingNetwork,
  SpikingNeurons,
  SpikingPool,
  SpikingReadout,
  SpikingTerm,
} from './network/network.ts';
export type { AboutCalibration, AboutNetwork, AboutNormalization } from './network/saved/about.ts';
export { loadNetwork, readSavedNetwork, type SavedNetwork } from './network/saved/load.ts';
export { saveNetwork } from './network/saved/save.ts';
export type { Span, Timetable } from './network/timetable.ts';
export type { Units } from './network/units.ts';
export { NEURON_NAMES, type Neuron, neuronText, parseNeuron } from './neuron/neuron.ts';
export { type LayerRecord, type RecordOptions, record, type StepRecord } from './observe/record.ts';
export { type ImportOptions, importOnnx } from './onnx/import.ts';
export type { Choice, Choices } from './plan/choices.ts';
export type { Pass, Program } from './plan/program.ts';
export type { TrainsProgram } from './plan/trains/plan.ts';
export type { WordsProgram } from './plan/words/plan.ts';
export { type AnnResult, AnnSession, type AnnSessionOptions, type Normalization } from './run/ann-session.ts';
export type { AnnBatch, Batch, OnBatch, Points, RunSummary, RunTiming } from './run/batch.ts';
export { logitsAt } from './run/batch.ts';
export type { StreamBatch, StreamSummary } from './run/interleaver.ts';
export { type RunResult, Session, type SessionOptions } from './run/session.ts';
export { concatSources, type ImageSource, type LabelledSource, pixelsSource, sliceSource } from './run/source.ts';
export {
  type Checkpoint,
  type LayerAccumulators,
  type SteppedClassifyOptions,
  type SteppedResult,
  type SteppedRunOptions,
  SteppedSession,
  type SteppedSessionOptions,
} from './run/stepped-session.ts';
export { readTuning, writeTuning } from './tune/cache.ts';
export { type TuneOptions, tune } from './tune/tune.ts';
