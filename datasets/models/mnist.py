"""Train the network of the `mnist` data set and write it as ONNX with its sidecar.

    npm run build && node datasets/models/export-mnist.mjs DIR
    python3 datasets/models/mnist.py DIR --out datasets/models/mnist-resnet

SGD with Nesterov momentum, one-cycle learning rate, random affine and elastic deformation. The evaluation images are only
counted, never trained on, and choose nothing: the weights of the last epoch are the ones written.
"""
import argparse, json, math, os, time
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

MEAN, STD = 0.1307, 0.3081

class Block(nn.Module):
    """Two 3x3 convolutions; the shortcut is the identity, or a strided 1x1 projection where the shape changes."""
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False); self.bn1 = nn.BatchNorm2d(o)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False); self.bn2 = nn.BatchNorm2d(o)
        self.short = nn.Sequential() if stride == 1 and i == o else nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))
        self.relu1 = nn.ReLU(); self.relu2 = nn.ReLU()
    def forward(self, x):
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(y + self.short(x))

class ResNet(nn.Module):
    """Stem, three stages at 28, 14 and 7 pixels with `n` blocks of `width`, 2*width, 4*width channels, mean over space, linear."""
    def __init__(self, n, width, classes=10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        blocks, i = [], width
        for o, stride in ((width, 1), (2*width, 2), (4*width, 2)):
            for k in range(n):
                blocks.append(Block(i, o, stride if k == 0 else 1)); i = o
        self.blocks = nn.Sequential(*blocks); self.pool = nn.AdaptiveAvgPool2d(1); self.fc = nn.Linear(i, classes)
    def forward(self, x): return self.fc(self.pool(self.blocks(self.stem(x))).flatten(1))

def read_idx(path):
    data = open(path, 'rb').read(); sizes = 4*data[3]
    return np.frombuffer(data, np.uint8, offset=4 + sizes).reshape(np.frombuffer(data, '>u4', data[3], 4).astype(int))

def load(folder, split):
    x = torch.tensor(read_idx(os.path.join(folder, f'{split}-images.idx'))).unsqueeze(1)
    return x, torch.tensor(read_idx(os.path.join(folder, f'{split}-labels.idx'))).long()

def deform(x):
    """Each image turned, scaled, sheared, shifted (affine) and bent (a smooth random field of about a pixel). x: 0...1."""
    n = len(x); u = lambda a: (torch.rand(n)*2 - 1)*a
    turn, shear, sx, sy = u(math.radians(15)), u(0.2), 1 + u(0.15), 1 + u(0.15)
    c, s = turn.cos(), turn.sin()
    affine = torch.stack([torch.stack([c*sx, (shear*c - s)*sy, u(0.16)], 1), torch.stack([s*sx, (shear*s + c)*sy, u(0.16)], 1)], 1)
    field = F.interpolate(torch.randn(n, 2, 5, 5)*0.045, size=x.shape[2:], mode='bicubic', align_corners=True).permute(0, 2, 3, 1)
    return F.grid_sample(x, F.affine_grid(affine, x.shape, align_corners=False) + field, align_corners=False)

def normalize(x): return (x - MEAN)/STD

def accuracy(net, x, y):
    net.eval()
    with torch.no_grad(): return sum((net(normalize(a.float()/255)).argmax(1) == b).sum().item() for a, b in zip(x.split(250), y.split(250)))/len(y)

def train(net, x, y, epochs, lr, batch, report):
    decayed = [w for w in net.parameters() if w.ndim > 1]; others = [w for w in net.parameters() if w.ndim == 1]
    steps = len(y)//batch
    opt = torch.optim.SGD([{'params': decayed, 'weight_decay': 5e-4}, {'params': others, 'weight_decay': 0}], lr=lr, momentum=0.9, nesterov=True)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, lr, total_steps=epochs*steps, pct_start=0.15, anneal_strategy='cos')
    for e in range(epochs):
        net.train(); t = time.time(); order = torch.randperm(len(y)); total = 0
        for i in order[:steps*batch].view(steps, batch):
            loss = F.cross_entropy(net(normalize(deform(x[i].float()/255))), y[i])
            opt.zero_grad(); loss.backward(); opt.step(); sched.step(); total += loss.item()
        report(e, total/steps, time.time() - t)

def write(net, out):
    net.eval()
    torch.onnx.export(net, torch.zeros(1, 1, 28, 28), f'{out}.onnx', opset_version=13, do_constant_folding=True,
        training=torch.onnx.TrainingMode.EVAL, input_names=['input'], output_names=['logits'],
        dynamic_axes={'input': {0: 'batch'}, 'logits': {0: 'batch'}})
    with open(f'{out}.json', 'w') as f:
        json.dump({'mean': [MEAN], 'std': [STD], 'classes': [str(d) for d in range(10)]}, f); f.write('\n')

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('folder', help='what export-mnist.mjs wrote'); p.add_argument('--out', required=True, help='path without ending')
    p.add_argument('--blocks', type=int, default=1); p.add_argument('--width', type=int, default=12)
    p.add_argument('--epochs', type=int, default=60); p.add_argument('--lr', type=float, default=0.1)
    p.add_argument('--batch', type=int, default=64); p.add_argument('--threads', type=int, default=1); a = p.parse_args()
    torch.set_num_threads(a.threads); torch.manual_seed(0)
    xt, yt = load(a.folder, 'train'); xe, ye = load(a.folder, 'evaluation')
    net = ResNet(a.blocks, a.width)
    print(f'{sum(w.numel() for w in net.parameters())} parameters, {len(yt)} training and {len(ye)} evaluation images', flush=True)
    def report(e, loss, seconds):
        seen = f' evaluation {accuracy(net, xe, ye):.4f}' if e % 10 == 9 or e in (0, a.epochs - 1) else ''
        print(f'epoch {e} loss {loss:.4f}{seen} {seconds:.1f}s', flush=True)
    train(net, xt, yt, a.epochs, a.lr, a.batch, report)
    write(net, a.out)

if __name__ == '__main__': main()
