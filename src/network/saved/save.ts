import { checkArgument } from '../../checks.ts';
import { check } from '../check.ts';
import { NETWORK, readoutOf, type SpikingNetwork } from '../network.ts';
import { type AboutNetwork, checkAbout } from './about.ts';
import { pack, readHeader } from './container.ts';
import { NO_DIGEST, sign } from './digest.ts';
import { takeApart } from './parts.ts';
import { refusing } from './refuse.ts';

/** What a saved network calls its form, and the only version of it. */
export const FORMAT = 'bsnn';
export const FORMAT_VERSION = '1';
/** The release that writes; the package's version. */
export const LIBRARY_VERSION = '0.1.0';

/**
 * A network as the bytes of a file (docs/format.md): all of it, so that `loadNetwork` gives back its equal, and what is known of how it
 * was made. The same network gives the same bytes.
 * @throws ConversionError where the network is not sound, ModelFormatError where it is no plain data
 */
export async function saveNetwork(network: SpikingNetwork, about: AboutNetwork = {}): Promise<Uint8Array> {
  checkArgument('network', network, NETWORK);
  check(network);
  const refuse = refusing(`network "${network.name}"`);
  const { text, arrays } = takeApart(network, refuse);
  const known = takeApart(checkAbout(about, readoutOf(network).shape.channels, refuse), refuse);
  const bytes = pack(arrays, {
    format: FORMAT,
    version: FORMAT_VERSION,
    library: LIBRARY_VERSION,
    sha256: NO_DIGEST,
    about: known.text,
    network: text,
  });
  await sign(bytes, readHeader(bytes, refuse).text);
  return bytes;
}
