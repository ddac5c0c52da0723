"""The windowed rule in PyTorch: layer by layer, whole words, all waves of a layer together. The same rule as the engine's, so
that this is what is left of its lead where both know the closed form."""

import torch

import network as shared


def integrate_words(currents, layer, phase_bits):
    """Words [wave][image]… from the currents of the waves, one wave after another through the membrane."""
    v = torch.zeros_like(currents[0]) + layer.start
    words = []
    for current in currents:
        v = (v + current).clamp(-shared.LIMIT, shared.LIMIT)
        word = torch.floor(v / layer.threshold).clamp(0, 2**phase_bits - 1)
        v = v - layer.threshold * word
        words.append(word)
    return torch.cat(words)


def run(net, pixels, waves):
    """potentials[wave][image][class] after each full word."""
    q = pixels - net.zero_point
    images = len(pixels)
    words = []
    last = last_readers(net)
    for index, layer in enumerate(net.layers):
        if layer.kind == "pool":
            words.append(shared.pool(layer, words[layer.source]))
        else:
            currents = layer.bias.expand([1] + [-1] * layer.bias.dim())
            for term in layer.terms:
                if term.source == shared.INPUT:
                    # the image is held: the same current in every wave
                    currents = currents + shared.current(term, q).repeat(waves, 1, 1, 1)
                else:
                    currents = currents + shared.current(term, words[term.source])
            currents = currents.reshape([waves, images] + list(currents.shape[1:]))
            if layer.kind == "readout":
                # the readout keeps the sum of all waves, which may leave float32's integers
                return currents.double().cumsum(0).flatten(2)
            words.append(integrate_words(currents, layer, net.phase_bits))
        for source in range(index):
            if last[source] == index:
                words[source] = None
    raise AssertionError("the last layer is the readout")


def last_readers(net):
    """The last layer that reads each layer's words, after which they are freed."""
    last = [-1] * len(net.layers)
    for index, layer in enumerate(net.layers):
        for source in [layer.source] if layer.kind == "pool" else [term.source for term in layer.terms]:
            if source != shared.INPUT:
                last[source] = index
    return last


def main():
    net = shared.load(shared.folder_argument())
    K = net.phaseBits
    for device in shared.devices():
        shared.exact_on(device)
        prepared = shared.prepare(net, device)
        for waves in [1, net.waves]:
            points = slice(K - 1, waves * K, K)
            name = "windowed, word %d" % waves
            shared.measure(name, net, device, points, net.steps[waves * K - 1], lambda pixels: run(prepared, pixels, waves))


main()
