/** The public face of `bsnn-webgpu`. Nothing else is exported. */

export { type AnnResult, AnnSession, type AnnSessionOptions, type Normalization } from './ann/ann-session.ts';
export type { DataSet, Images } from './data/data-set.ts';
export { DATA_SET_FORMS, openDataSet } from './data/open.ts';
export { readSidecar, type Sidecar } from './data/sidecar.ts';
export {
  BsnnError,
  ConversionError,
  DataSetError,
  DeviceError,
  ModelFormatError,
  OptionError,
  UnsupportedModelError,
} from './errors.ts';
export type { Accuracy } from './evaluate/accuracy.ts';
export { type CompareOptions, type CompareProgress, compare } from './evaluate/compare.ts';
export type { Comparison, ComparisonRow } from './evaluate/comparison.ts';
export { type ConvertOptions, convert } from './evaluate/convert.ts';
export type { CurvePoint } from './evaluate/curve.ts';
export type { Energy, LayerDiagnosis } from './evaluate/diagnosis.ts';
export { evaluate, type Progress } from './evaluate/evaluate.ts';
export type { EvaluateOptions } from './evaluate/options.ts';
export type { DiagnosisSummary, EvaluationResult, LayerFigures, SpikingAccuracy, Timing } from './evaluate/result.ts';
export { type LayerTrace, type TraceOptions, trace } from './evaluate/trace.ts';
export type { AdapterDescription, Device, DeviceOptions } from './gpu/device.ts';
export { openDevice } from './gpu/node.ts';
export type { Ann, AnnLayer, AnnNeurons, AnnPool, AnnReadout, AnnTerm, Convolution, Identity, Shape, Window } from './graph/ann.ts';
export type {
  SpikingInput,
  SpikingLayer,
  SpikingNetwork,
  SpikingNeurons,
  SpikingPool,
  SpikingReadout,
  SpikingTerm,
} from './network/network.ts';
export { NEURON_NAMES, type Neuron, neuronText, parseNeuron } from './neuron/neuron.ts';
export { type ImportOptions, importOnnx } from './onnx/import.ts';
export type { Plan } from './scheduler/plan.ts';
export type { SteppedPlan } from './scheduler/stepped-plan.ts';
export type { LayerRecord, RecordOptions, StepRecord } from './session/record.ts';
export { type RunResult, type RunTiming, Session, type SessionOptions } from './session/session.ts';
export {
  type Checkpoint,
  type LayerAccumulators,
  type SteppedResult,
  type SteppedRunOptions,
  SteppedSession,
  type SteppedSessionOptions,
} from './session/stepped.ts';
