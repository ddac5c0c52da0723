"""Reads a network that `bsnn convert` saved and runs it on one image: the same integers as the library, with NumPy alone.
    python3 read_network.py net.bsnn image.npy     image: uint8, [channel][y][x]
The file is docs/format.md, the rule docs/specification.md, section 2, for whole words."""
import json, sys
import numpy as np

KINDS = {"I8": "<i1", "U8": "<u1", "I16": "<i2", "I32": "<i4", "F32": "<f4", "F64": "<f8"}

def load(path):
    """The network as dictionaries and arrays."""
    data = np.fromfile(path, np.uint8).tobytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    texts = header.pop("__metadata__")
    assert (texts["format"], texts["version"]) == ("bsnn", "1")
    arrays = {k: np.frombuffer(data, KINDS[t["dtype"]], *t["shape"], start + t["data_offsets"][0]) for k, t in header.items()}
    return json.loads(texts["network"], object_hook=lambda o: arrays[o["$tensor"]] if "$tensor" in o else o)

def under(window, x, height, width):
    """What lies under each place of a window, [channel][place][y][x]; 0 outside."""
    (kh, kw), (sy, sx), (dy, dx), (top, left, bottom, right) = (window[k] for k in ("kernel", "stride", "dilation", "pads"))
    x = np.pad(x, ((0, 0), (top, bottom), (left, right)))
    at = lambda y, z: x[:, y : y + (height - 1) * sy + 1 : sy, z : z + (width - 1) * sx + 1 : sx]
    return np.stack([at(y, z) for y in range(0, kh * dy, dy) for z in range(0, kw * dx, dx)], axis=1)

def weighted(operator, x, channels, height, width):
    """Sum of weights times words; below 2^24, so exact in float64 too."""
    if operator["type"] == "identity":
        return operator["weights"][:, None, None] * x
    rows = operator["weights"].astype(float).reshape(operator["groups"], channels // operator["groups"], -1)
    read = under(operator["window"], x.astype(float), height, width).reshape(operator["groups"], -1, height * width)
    return (rows @ read).astype(np.int64).reshape(channels, height, width)

def run(network, image, waves=3):
    """words[wave][layer], [channel][y][x]; in the readout's place its potential. Logits after n words: potential * unit / n."""
    column = lambda values: values.astype(np.int64)[:, None, None]
    state, words = {}, [[] for _ in range(waves)]
    for sent in words:
        source = lambda i: sent[i] if i >= 0 else image.astype(np.int64) - column(network["input"]["units"]["zero"])
        for i, layer in enumerate(network["layers"]):
            size = [layer["shape"][k] for k in ("channels", "height", "width")]
            if layer["kind"] == "pool":
                word = getattr(under(layer["window"], source(layer["source"]), *size[1:]), layer["mode"])(axis=1)  # max or sum
            else:
                v = column(layer["bias"]) + sum(weighted(t["operator"], source(t["source"]), *size) for t in layer["terms"])
                if layer["kind"] == "readout":
                    word = state[i] = np.clip(state.get(i, 0) + v, -(2**30), 2**30)
                else:
                    g = column(layer["gridBits"])
                    theta, unit = 2 ** np.maximum(0, g), 2 ** np.maximum(0, -g)
                    v = np.clip(state.get(i, (network["initial"] == "half") * theta // 2) + v * unit, -(2**23), 2**23)
                    word = np.clip(v // theta, 0, 2 ** network["timetable"]["layers"][layer["depth"]]["phases"] - 1)
                    state[i] = v - theta * word
            sent.append(word)
    return words

if __name__ == "__main__":
    net = load(sys.argv[1])
    logits = run(net, np.load(sys.argv[2]))[-1][-1].ravel() * net["layers"][-1]["units"]["unit"] / 3
    print(f"class {logits.argmax()}; logits {logits.round(3).tolist()}")
