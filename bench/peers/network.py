"""What the peers in PyTorch share: an exported network (bench/peers/export.ts) as tensors, time-taking, rows of the table.

Integers are held in float32: every sum is below 2^24, so they stay exact. Needs torch 1.10 or newer and nothing else.
"""

import json
import os
import statistics
import sys
import time
from types import SimpleNamespace

import torch
import torch.nn.functional as F

INPUT = -1
LIMIT = 2.0**23
# Seconds that one row may be timed; slow peers take fewer images, and whole batches of them.
BUDGET = 12.0
DEFAULT_THREADS = torch.get_num_threads()
TYPES = {"u8": torch.uint8, "i8": torch.int8, "i32": torch.int32, "f32": torch.float32}


def load(folder):
    """The exported description; arrays become tensors on the CPU, in float32 unless they are bytes or i32."""
    with open(os.path.join(folder, "arrays.bin"), "rb") as file:
        data = bytearray(file.read())

    def array(reference):
        count = 1
        for size in reference["shape"]:
            count *= size
        values = torch.frombuffer(data, dtype=TYPES[reference["type"]], count=count, offset=reference["offset"])
        return values.reshape(reference["shape"])

    def walk(value):
        if isinstance(value, list):
            return [walk(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        if "offset" in value and "type" in value:
            return array(value)
        return SimpleNamespace(**{name: walk(entry) for name, entry in value.items()})

    with open(os.path.join(folder, "network.json"), encoding="utf8") as file:
        return walk(json.load(file))


def devices():
    return ["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"]


def image_format(tensor):
    """Channels last, which convolutions of float32 run fastest in."""
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor


def prepare(net, device):
    """The spiking network on a device. Where g < 0 the membrane counts in units of theta (the threshold is 1), so weights and
    bias are shifted left by -g once, instead of every current; the readout is not shifted."""

    def channel(values):
        return values.float().to(device).reshape(-1, 1, 1)

    def prepare_layer(layer):
        if layer.kind == "pool":
            return layer
        g = layer.gridBits.to(torch.int64)
        shift = torch.pow(2.0, torch.clamp(-g, min=0).float()) if layer.kind == "neurons" else torch.ones(len(g))
        threshold = torch.pow(2.0, torch.clamp(g, min=0).float())
        start = torch.floor(threshold / 2) if net.initial == "half" and layer.kind == "neurons" else torch.zeros(len(g))

        def prepare_term(term):
            weights = term.operator.weights.float()
            weights = weights * shift.reshape([-1] + [1] * (weights.dim() - 1))
            weights = channel(weights) if term.operator.type == "identity" else image_format(weights.to(device))
            return SimpleNamespace(source=term.source, delay=term.delay, operator=term.operator, weights=weights)

        return SimpleNamespace(
            kind=layer.kind,
            name=layer.name,
            depth=layer.depth,
            shape=layer.shape,
            terms=[prepare_term(term) for term in layer.terms],
            bias=channel(layer.bias.float() * shift),
            threshold=channel(threshold),
            # what a spike takes from the membrane in each phase
            charges=[channel(threshold) * float(2 ** (net.phaseBits - 1 - phase)) for phase in range(net.phaseBits)],
            start=channel(start),
        )

    return SimpleNamespace(
        phase_bits=net.phaseBits,
        zero_point=channel(net.zeroPoint),
        layers=[prepare_layer(layer) for layer in net.layers],
    )


def padded(x, window):
    """x with the window's padding where convolution's own cannot say it (other at the end than at the start), and what is left."""
    top, left, bottom, right = window.pads
    if top == bottom and left == right:
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom)), 0


def current(term, x):
    """The weighted sum of one term."""
    if term.operator.type == "identity":
        return x * term.weights
    window = term.operator.window
    x, padding = padded(x, window)
    return F.conv2d(
        x, term.weights, stride=window.stride, padding=padding, dilation=window.dilation, groups=term.operator.groups
    )


def pool(layer, words):
    """Maximum or sum of words (or of their upper bits so far); 0 is neutral for both, so padding is zeros."""
    window = layer.window
    top, left, bottom, right = window.pads
    x = F.pad(words, (left, right, top, bottom)) if any(window.pads) else words
    if layer.mode == "max":
        return F.max_pool2d(x, window.kernel, window.stride, dilation=window.dilation)
    if window.dilation != [1, 1]:
        raise NotImplementedError("sum pool with dilation: " + layer.name)
    return F.avg_pool2d(x, window.kernel, window.stride, divisor_override=1)


def differing(potentials, expected):
    """Number of potentials that are not the expected integers."""
    return int((potentials.double().cpu() != expected.double()).sum())


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def thread_counts(device):
    """Numbers of threads to try: PyTorch's default and one a logical core. Which is faster depends on the cores and their load."""
    return sorted({DEFAULT_THREADS, os.cpu_count() or 1}) if device == "cpu" else [DEFAULT_THREADS]


def take_times(run, images, batch, device):
    """Runs batches, in turn with each number of threads, until the images or the budget are used up. Returns the results, and
    images a second and processor seconds an image by the median batch of the number of threads that is faster, which stays set."""
    counts = thread_counts(device)
    for threads in counts:
        torch.set_num_threads(threads)
        run(images[:batch])
    synchronize(device)
    times = {threads: [] for threads in counts}
    results, first, spent = [], 0, 0.0
    while first < len(images) and (len(results) < len(counts) or spent < BUDGET):
        threads = counts[len(results) % len(counts)]
        torch.set_num_threads(threads)
        part = images[first : first + batch]
        start, cpu = time.perf_counter(), time.process_time()
        results.append(run(part))
        synchronize(device)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        times[threads].append((seconds / len(part), cpu / len(part)))
        first, spent = first + len(part), spent + seconds
    medians = {threads: [statistics.median(column) for column in zip(*taken)] for threads, taken in times.items() if taken}
    best = min(medians, key=medians.get)
    torch.set_num_threads(best)
    seconds, cpu = medians[best]
    return results, first, 1 / seconds, cpu


def exact_on(device):
    """Convolutions by sums of products only. TF32 holds 11 bits: enough for spikes, words and 8-bit weights, and it
    accumulates in float32; what is not exact shows in the potentials."""
    if device == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = True


def versions(device):
    return "torch %s %s" % (torch.__version__, "cuda" if device == "cuda" else "cpu ×%d" % torch.get_num_threads())


def measure(name, net, device, points, steps, run):
    """Runs `run(pixels)` -> potentials[point][image][class] batch by batch until the images or the budget are used up, checks all
    potentials, and prints the row. `points`: which of the expected potentials they are."""
    row = measured_row(name, net, device, points, steps, run)
    if row["wrong"] and device == "cuda":
        # cuDNN may choose a transform (Winograd), whose fractions are not exact; plain products of matrices are
        torch.backends.cudnn.enabled = False
        row = measured_row(name + ", no cuDNN", net, device, points, steps, run)
        torch.backends.cudnn.enabled = True
    print(json.dumps(row), flush=True)


def measured_row(name, net, device, points, steps, run):
    batch = getattr(net.batch, device)
    pixels = image_format(net.pixels.float()).to(device)
    with torch.no_grad():
        found, count, rate, cpu = take_times(run, pixels, batch, device)
    potentials = torch.cat([part.cpu() for part in found], dim=1)
    wrong = differing(potentials, net.potentials[points][:, :count])
    best = (potentials[-1].double() * torch.tensor(net.units, dtype=torch.float64)).argmax(1)
    return {
        "name": name,
        "imagesPerSecond": None if wrong else rate,
        "cpuMs": None if wrong else 1000 * cpu,
        "images": count,
        "batch": batch,
        "accuracy": None if wrong else float((best == net.labels[:count]).double().mean()),
        "steps": steps,
        "versions": versions(device),
        "reason": "%d of %d potentials differ" % (wrong, potentials.numel()) if wrong else None,
        "wrong": wrong > 0,
    }


def skip(name, reason):
    """Prints the row of a peer that cannot be had."""
    row = dict(name=name, imagesPerSecond=None, cpuMs=None, images=0, batch=0, accuracy=None, steps=None)
    row.update(versions="", reason=reason, wrong=False)
    print(json.dumps(row), flush=True)


def folder_argument():
    if len(sys.argv) != 2:
        sys.exit("usage: %s FOLDER   (with network.json and arrays.bin, as npm run bench:peers writes them)" % sys.argv[0])
    return sys.argv[1]
