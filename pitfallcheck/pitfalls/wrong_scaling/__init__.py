"""PF112 wrong-scaling: inputs are scaled twice, not at all where it counts, or unlike those trained on

What it is
----------
Data is scaled, and wrongly: pixels are divided by 255 by the program and again by a transform, a generator or a layer;
`uint8 // 255` leaves only 0 and 1; class labels are divided along with the inputs; a model that was trained on scaled
inputs is tested on raw ones; or the test data is scaled with a mean and a deviation of its own.

Why it hurts training
---------------------
Pixels divided twice lie between 0 and 0.004, so that the first layer sees next to nothing: two classes of images of 8
pixels (torch, 200 steps) are told apart in 0.53 of the cases, as by chance, and in 0.96 where they were divided once.
Whole-number division makes every pixel below 255 zero: a fit to brightness (NumPy) ends with an error of 0.0041, where
a constant has 0.0043; with `/`, it is 0.0000. A network (torch, two features, 200 steps) that learned from standardised
features is right in 0.52 of the cases where those it is tested on are left as they are, and in 0.99 where they are
standardised alike.

How it is detected, and what that cannot see
--------------------------------------------
In source. Arrays are followed from where they are loaded or made through conversions, helpers, data sets, transforms,
generators and layers. An error: what was scaled already is divided by 255 once more, whole pixels are divided with
`//` or in place (NumPy 2.4 raises for `/=`), class labels are divided, or a network learns from scaled inputs and is
evaluated on raw ones, or the other way round. For that the numbers need not be known: it is enough that one part of a
split is scaled, by a scaler or by `(x - mean) / std`, and that the other reaches the same network with nothing done to
it. Warnings: a scaler is fitted to the test data as well; a scaled copy is made and never used, and a network learns
from what it was made of.

What is computed in another file, and arrays of which two paths disagree, are not judged.

Example
-------
    import numpy as np
    import torch

    images = np.random.randint(0, 256, (256, 64), dtype=np.uint8)
    x = images / 255.0
    x = torch.tensor(x / 255.0, dtype=torch.float32)

Instead
-------
    import numpy as np
    import torch

    images = np.random.randint(0, 256, (256, 64), dtype=np.uint8)
    x = images / 255.0
    x = torch.tensor(x, dtype=torch.float32)

When it is fine
---------------
Subtracting a mean and dividing by a deviation after dividing by 255; bringing pixels back to 0..255 to show or store
them; `mask // 255` for a mask of nothing but 0 and 255; a model that rescales what it is given, where that is raw.

References
----------
- Keras, Rescaling: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
- torchvision, ToTensor: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ToTensor.html
- scikit-learn, Common pitfalls, inconsistent preprocessing: https://scikit-learn.org/stable/common_pitfalls.html
"""

from pitfallcheck.lint.signs import TRAINS
from pitfallcheck.pitfall import Pitfall

KNOWN = (
    rb"/=? ?25[56]|/ ?127\.5|ToTensor\(|rescale=|(?:Standard|MinMax|Robust)Scaler\(|preprocess_input|utils\.normalize\("
)
"""A division of pixels, and what scales by name."""

BY_HAND = rb"[)\w] ?/=? ?\(?[\w.\[\]]*(?i:std|sigma|\bsd\b|\bs\b|max|range|scale|dev)\w*"
"""A division by a measured size."""

PITFALL = Pitfall(
    code="PF112",
    name="wrong-scaling",
    summary="inputs are scaled twice, not at all where it counts, or unlike those trained on",
    words=(
        (*TRAINS, b"DataLoader("),
        (
            *(
                b"/ 255",
                b"/255",
                b"/= 255",
                b"/=255",
                b"/ 256.",
                b"/256.",
                b"/ 127.5",
                b"/127.5",
                b"ToTensor(",
                b"rescale=",
            ),
            *(b"StandardScaler(", b"MinMaxScaler(", b"preprocess_input", b"utils.normalize("),
            *(b".std(", b"RobustScaler("),
        ),
        (
            *(b".fit(", b".fit_generator(", b".backward(", b"DataLoader(", b".fit_transform(", b"255, dtype"),
            *(b"load_data(", b"uint8)"),
        ),
    ),
    shapes=((KNOWN, BY_HAND),),
    runtime=False,
    fix="safe",
)
