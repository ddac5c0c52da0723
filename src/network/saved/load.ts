import { BYTES, checkArgument, TEXT } from '../../checks.ts';
import { check } from '../check.ts';
import { readoutOf, type SpikingNetwork } from '../network.ts';
import { type AboutNetwork, checkAbout } from './about.ts';
import { type Header, readArrays, readHeader } from './container.ts';
import { digestOf } from './digest.ts';
import { putTogether } from './parts.ts';
import { type Refuse, refusing } from './refuse.ts';
import { FORMAT, FORMAT_VERSION } from './save.ts';

/** What a file of a saved network holds. */
export interface SavedNetwork {
  readonly network: SpikingNetwork;
  readonly about: Required<AboutNetwork>;
  /** The release that wrote it. */
  readonly library: string;
}

/** Bytes of a file's beginning that tell a saved network. */
export const RECOGNISED_BYTES = 10;

/** Whether a file that begins with these bytes is a saved network, sound or not: no ONNX model has `{"` there. */
export const isSavedNetwork = (bytes: Uint8Array): boolean => bytes[8] === 0x7b && bytes[9] === 0x22;

/**
 * The network of a file that `saveNetwork` made: nothing is taken for granted, so that files of strangers can be read. What was changed
 * since is refused by its digest; what was made so, by `check`.
 * @throws ModelFormatError, ConversionError where the network is not sound
 */
export const loadNetwork = async (bytes: Uint8Array): Promise<SpikingNetwork> => (await readSavedNetwork(bytes)).network;

/** The same with what is known of how it was made. @param where what errors call the file */
export async function readSavedNetwork(bytes: Uint8Array, where = 'saved network'): Promise<SavedNetwork> {
  checkArgument('bytes', bytes, BYTES);
  checkArgument('where', where, TEXT);
  const refuse: Refuse = refusing(where);
  const header = readHeader(bytes, refuse);
  checkVersion(header, refuse);
  const arrays = readArrays(header, refuse);
  await checkDigest(bytes, header, refuse);
  const { network: text, about: aboutText, library } = header.metadata;
  if (text === undefined || aboutText === undefined) return refuse('network-file', 'has no text of a network');
  const network = putTogether({ text, arrays }, refuse) as SpikingNetwork;
  check(network, where);
  const about = putTogether({ text: aboutText, arrays: new Map() }, refuse);
  const known = checkAbout(about, readoutOf(network).shape.channels, refuse);
  return { network, about: known as Required<AboutNetwork>, library: library ?? '' };
}

function checkVersion({ metadata }: Header, refuse: Refuse): void {
  if (metadata.format !== FORMAT)
    refuse('network-file', 'is no saved network: its format is not "bsnn"', 'give a file of bsnn convert');
  if (metadata.version === FORMAT_VERSION) return;
  const what = `is of version ${JSON.stringify(metadata.version)}, and ${JSON.stringify(FORMAT_VERSION)} is read`;
  refuse('network-version', what, 'read it with the release that wrote it, or convert the model again');
}

async function checkDigest(bytes: Uint8Array, { text, metadata }: Header, refuse: Refuse): Promise<void> {
  const { sha256 = '' } = metadata;
  const digest = await digestOf(bytes, text, sha256);
  if (digest === sha256) return;
  refuse('network-digest', digest === null ? 'has no digest of itself' : 'was changed: its SHA-256 is not the one written in it');
}
