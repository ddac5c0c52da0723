"""The converted network simulated as it is written down: one time step after another, all layers in step, until the readout has
its first word (T steps). The same rule as src/reference/simulate.ts, vectorised over images.

Twice: with every layer computed in every step, as a simulator does that knows nothing of the neuron, and with layers left out
while they fire or wait, whose inputs are silent then.
"""

from collections import deque
from types import SimpleNamespace

import torch

import network as shared


def fire(v, charge):
    """Spikes and V of a firing layer in one phase."""
    spikes = (v >= charge).to(v.dtype)
    return spikes, v - spikes * charge


def neuron_functions(net, compiled, device):
    """The neuron's steps. integrate(v, current, phase): V after a current that weighs 2^(K-1-k); fire(v, charge). Compiled, each
    is one fused loop, and the weight a tensor, since a number would be compiled in."""
    weights = [float(2 ** (net.phase_bits - 1 - phase)) for phase in range(net.phase_bits)]
    if not compiled:
        return SimpleNamespace(integrate=lambda v, current, k: torch.add(v, current, alpha=weights[k]), fire=fire)
    tensors = [torch.tensor(weight, device=device) for weight in weights]
    multiply_add = torch.compile(lambda v, current, weight: v + current * weight, dynamic=True)
    return SimpleNamespace(
        integrate=lambda v, current, k: multiply_add(v, current, tensors[k]), fire=torch.compile(fire, dynamic=True)
    )


def depth_of_first_word(net):
    return net.layers[-1].depth


def simulate(net, pixels, neuron, skip_silent):
    """potentials[phase][image][class] of the readout's first word."""
    K = net.phase_bits
    q = pixels - net.zero_point
    images = len(pixels)
    hold = K * max([term.delay for layer in net.layers if layer.kind != "pool" for term in layer.terms], default=0)
    states = []
    for layer in net.layers:
        shape = [images] + layer.shape
        zeros = shared.image_format(torch.zeros(shape, device=pixels.device))
        state = SimpleNamespace(train=deque([zeros] * (hold + 1), maxlen=hold + 1), zeros=zeros, prefix=zeros)
        if layer.kind != "pool":
            state.v = zeros + layer.start
        states.append(state)
    potentials = []
    for t in range(K * depth_of_first_word(net)):
        window, phase = divmod(t, K)
        for layer, state in zip(net.layers, states):
            if layer.kind == "pool":
                state.train.append(pool_step(layer, state, states[layer.source].train[-1], phase))
            else:
                state.train.append(neuron_step(net, layer, state, states, q, window, phase, neuron, skip_silent))
        if window == depth_of_first_word(net) - 1:
            potentials.append(states[-1].v.flatten(1).clone())
    return torch.stack(potentials)


def neuron_step(net, layer, state, states, q, window, phase, neuron, skip_silent):
    """Spikes of one layer in one step; its membrane is updated."""
    K = net.phase_bits
    waits = window < layer.depth - 1
    integrates = not waits and (window - (layer.depth - 1)) % 2 == 0
    if integrates or not skip_silent:
        for term in layer.terms:
            if term.source != shared.INPUT:
                # the last of the term's synchronous neurons repeats what the source sent `delay` windows ago
                spikes = states[term.source].train[-1 - term.delay * K]
                state.v = neuron.integrate(state.v, shared.current(term, spikes), phase)
            elif integrates and phase == 0:
                state.v = state.v + shared.current(term, q)
    if integrates and phase == 0:
        state.v = state.v + layer.bias
    spikes = state.zeros
    if layer.kind == "neurons" and not waits:
        if not integrates:
            spikes, state.v = neuron.fire(state.v, layer.charges[phase])
        if phase == K - 1:
            state.v = state.v.clamp(-shared.LIMIT, shared.LIMIT)
    return spikes


def pool_step(layer, state, spikes, phase):
    """Sums pass on as they come. The maximum's next bit is what the maximum of the words so far gains."""
    if layer.mode == "sum":
        return shared.pool(layer, spikes)
    source = spikes if phase == 0 else 2 * state.source_prefix + spikes
    pooled = shared.pool(layer, source)
    bit = pooled if phase == 0 else pooled - 2 * state.prefix
    state.source_prefix, state.prefix = source, pooled
    return bit


def main():
    net = shared.load(shared.folder_argument())
    points = slice(0, net.phaseBits)
    for device in shared.devices():
        shared.exact_on(device)
        prepared = shared.prepare(net, device)
        steps = prepared.phase_bits * depth_of_first_word(prepared)
        for compiled in [False, True]:
            name = "literal" + (", compiled" if compiled else "")
            if compiled and not hasattr(torch, "compile"):
                shared.skip(name, "torch %s has no torch.compile" % torch.__version__)
                continue
            neuron = neuron_functions(prepared, compiled, device)
            for skip_silent in [False, True]:
                row = name + (", skips silence" if skip_silent else "")
                try:
                    shared.measure(
                        row, net, device, points, steps, lambda pixels: simulate(prepared, pixels, neuron, skip_silent)
                    )
                except Exception as error:
                    if not compiled:
                        raise
                    # no C++ or Triton compiler, or a Python that it does not support
                    shared.skip(row, "torch.compile: " + str(error).strip().split("\n")[0])
                    break


main()
