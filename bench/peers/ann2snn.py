"""SpikingJelly's ann2snn on the same trained network: ReLU becomes an integrate-and-fire neuron (rate code), thresholds from the
same calibration images (99.9th percentile), T as ours.

Written from the documented interface (0.0.0.0.12 to 2.0). It has not been run where this was written: no SpikingJelly there.
"""

import json

import torch
import torch.nn.functional as F
from torch import nn

import network as shared

NAME = "ann2snn (rate code)"


class Trained(nn.Module):
    """The trained network as torch.fx can trace it: every linear term and every ReLU a module of its own."""

    def __init__(self, ann):
        super().__init__()
        self.layers = ann.layers
        self.operators = nn.ModuleDict()
        for index, layer in enumerate(ann.layers):
            if layer.kind == "pool":
                continue
            if layer.kind == "neurons":
                self.operators["%d" % index] = nn.ReLU()
            for number, term in enumerate(layer.terms):
                bias = layer.bias if number == 0 else torch.zeros_like(layer.bias)
                self.operators["%d_%d" % (index, number)] = convolution(term.operator, bias)

    def forward(self, x):
        values = []
        for index, layer in enumerate(self.layers):
            if layer.kind == "pool":
                values.append(pool(layer, values[layer.source]))
                continue
            total = None
            for number, term in enumerate(layer.terms):
                source = x if term.source == shared.INPUT else values[term.source]
                summand = self.operators["%d_%d" % (index, number)](source)
                total = summand if total is None else total + summand
            values.append(self.operators["%d" % index](total) if layer.kind == "neurons" else total)
        return values[-1].flatten(1)


def convolution(operator, bias):
    """A term as a module; an identity is a depthwise 1x1 convolution."""
    if operator.type == "identity":
        channels = len(operator.weights)
        module = nn.Conv2d(channels, channels, 1, groups=channels)
        weights = operator.weights.reshape(-1, 1, 1, 1)
    else:
        window, weights = operator.window, operator.weights
        top, left, bottom, right = window.pads
        module = nn.Conv2d(
            weights.shape[1] * operator.groups,
            weights.shape[0],
            tuple(window.kernel),
            stride=tuple(window.stride),
            padding=(top, left) if (top, left) == (bottom, right) else 0,
            dilation=tuple(window.dilation),
            groups=operator.groups,
        )
    module.weight.data = weights.clone()
    module.bias.data = bias.clone()
    if operator.type == "convolution" and module.padding == (0, 0) and any(operator.window.pads):
        top, left, bottom, right = operator.window.pads
        return nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), module)
    return module


def pool(layer, x):
    window = layer.window
    top, left, bottom, right = window.pads
    x = F.pad(x, (left, right, top, bottom))
    if layer.mode == "max":
        return F.max_pool2d(x, window.kernel, window.stride, dilation=window.dilation)
    return F.avg_pool2d(x, window.kernel, window.stride)


def convert(ann2snn, ann, calibration, device):
    """Calibrates and converts, by the interface that this version has."""
    loader = [(batch, None) for batch in calibration.split(50)]
    if hasattr(ann2snn, "RateCodingRecipe"):
        recipe = ann2snn.RateCodingRecipe(dataloader=loader, mode="99.9%")
        return ann2snn.Converter(recipe=recipe, device=device).convert(ann)
    return ann2snn.Converter(dataloader=loader, device=device, mode="99.9%")(ann)


def run(snn, images, steps):
    """Sum of the outputs of all steps: the image is held at the input."""
    for module in snn.modules():
        if module is not snn and hasattr(module, "reset"):
            module.reset()
    total = snn(images)
    for _ in range(steps - 1):
        total = total + snn(images)
    return total


def measure(net, ann2snn, version, device):
    mean = torch.tensor(net.ann.mean).reshape(-1, 1, 1)
    std = torch.tensor(net.ann.std).reshape(-1, 1, 1)
    images = ((net.pixels.float() / 255 - mean) / std).to(device)
    calibration = ((net.calibration.float() / 255 - mean) / std).to(device)
    batch = getattr(net.batch, device)
    steps = net.steps[net.phaseBits - 1]
    with torch.no_grad():
        ann = Trained(net.ann).eval().to(device)
        snn = convert(ann2snn, ann, calibration, device).eval().to(device)
        found, count, rate, cpu = shared.take_times(lambda part: run(snn, part, steps), images, batch, device)
    right = int((torch.cat(found).argmax(1).cpu() == net.labels[:count]).sum())
    row = dict(name=NAME + ", " + device, imagesPerSecond=rate, images=count, batch=batch, accuracy=right / count)
    row.update(steps=steps, cpuMs=1000 * cpu, versions="SpikingJelly %s" % version, reason=None, wrong=False)
    print(json.dumps(row), flush=True)


def main():
    net = shared.load(shared.folder_argument())
    try:
        import spikingjelly
        from spikingjelly.activation_based import ann2snn
    except ImportError as error:
        shared.skip(NAME, "not installed (%s)" % error)
        return
    version = getattr(spikingjelly, "__version__", "of unknown version")
    for device in shared.devices():
        measure(net, ann2snn, version, device)


main()
