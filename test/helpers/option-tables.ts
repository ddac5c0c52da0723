import { CONVERT_OPTIONS } from '../../src/convert/convert.ts';
import { OPEN_DATA_SET_OPTIONS } from '../../src/data/open.ts';
import { COMPARE_OPTIONS } from '../../src/evaluate/compare.ts';
import { CONVERT_MODEL_OPTIONS } from '../../src/evaluate/convert-model.ts';
import { EVALUATE_WORK_OPTIONS } from '../../src/evaluate/evaluate.ts';
import { EXPLAIN_OPTIONS } from '../../src/evaluate/explain.ts';
import { OPEN_MODEL_OPTIONS } from '../../src/evaluate/model.ts';
import { PREDICT_OPTIONS } from '../../src/evaluate/predict.ts';
import { RECORD_IMAGES_OPTIONS, RECORD_SAVED_OPTIONS } from '../../src/evaluate/record.ts';
import { SAVED_WORK_OPTIONS } from '../../src/evaluate/saved.ts';
import { SWEEP_OPTIONS } from '../../src/evaluate/sweep.ts';
import { TRACE_OPTIONS } from '../../src/evaluate/trace.ts';
import { TUNE_NETWORK_OPTIONS } from '../../src/evaluate/tune-network.ts';
import { DEVICE_OPTIONS } from '../../src/gpu/node.ts';
import { RECORD_OPTIONS } from '../../src/observe/record.ts';
import { IMPORT_OPTIONS } from '../../src/onnx/import.ts';
import { ANN_SESSION_OPTIONS } from '../../src/run/ann-session.ts';
import { SESSION_OPTIONS } from '../../src/run/session.ts';
import { STEPPED_CLASSIFY_OPTIONS, STEPPED_RUN_OPTIONS, STEPPED_SESSION_OPTIONS } from '../../src/run/stepped-session.ts';
import { TUNE_OPTIONS } from '../../src/tune/tune.ts';

/** The options of every exported function, by the name that a caller knows it by. */
export const OPTION_TABLES = {
  'AnnSession.create': ANN_SESSION_OPTIONS,
  compare: COMPARE_OPTIONS,
  convert: CONVERT_OPTIONS,
  convertModel: CONVERT_MODEL_OPTIONS,
  evaluate: EVALUATE_WORK_OPTIONS,
  evaluateSaved: SAVED_WORK_OPTIONS,
  explain: EXPLAIN_OPTIONS,
  importOnnx: IMPORT_OPTIONS,
  openDataSet: OPEN_DATA_SET_OPTIONS,
  openDevice: DEVICE_OPTIONS,
  openModel: OPEN_MODEL_OPTIONS,
  openPaths: OPEN_DATA_SET_OPTIONS,
  predict: PREDICT_OPTIONS,
  record: RECORD_OPTIONS,
  recordImages: RECORD_IMAGES_OPTIONS,
  recordSaved: RECORD_SAVED_OPTIONS,
  'Session.create': SESSION_OPTIONS,
  'SteppedSession.classify': STEPPED_CLASSIFY_OPTIONS,
  'SteppedSession.create': STEPPED_SESSION_OPTIONS,
  'SteppedSession.run': STEPPED_RUN_OPTIONS,
  sweep: SWEEP_OPTIONS,
  trace: TRACE_OPTIONS,
  tune: TUNE_OPTIONS,
  tuneNetwork: TUNE_NETWORK_OPTIONS,
};
