"""PF403 unscaled-inputs: the inputs' scales leave no learning rate that is stable and fast enough

What it is
----------
Features of different size, or far from zero, give the loss directions of very different curvature. The steepest sets
the largest stable learning rate, the flattest sets how many steps that rate needs. Their ratio is the condition
number of the inputs' second moments, with the constant column for the bias.

Why it hurts training
---------------------
Above the limit the loss overflows, below it the flat directions are never learned: no learning rate is right. The
price of a flat from its area (40 to 240) and its rooms (1 to 7) has a condition number above 100 000. At a learning
rate of 0.05 the loss is not a number after 300 steps; at 4e-5, near the limit, it is 2.23, where a constant
prediction has 4.46 and 0 can be reached. With both features standardised the rate of 0.05 reaches 5e-12 in the same
steps. Small images of bytes, as they are, leave a network (torch, 8 pixels, rate 0.5) at 0.53 right after 200 steps;
divided by 255, it gets to 0.96.

How it is detected, and what that cannot see
--------------------------------------------
In source, a warning: values of a known raw range reach a network that learns from them, and nothing scales them on the
way: the pixels of `keras.datasets`, of image readers, folders and generators and of torchvision's `data`, the raw
tables of Keras and scikit-learn, and numbers above 100, or all further than 20 from zero, that are drawn, counted,
computed or written down in the file. They are followed through conversions, lists, helpers, data sets, loaders and the
steps of a Lightning module; a division, a scaler, a transform or a layer that scales ends it, and so does whatever the
file does not show. The first layers are looked at, too: one that scales, normalises or looks up (`Rescaling`,
`BatchNormalization`, `Embedding`), or that is not known, keeps the rule silent, and so does a single layer, unless
plain gradient descent visibly overshoots ten times. What columns of a file hold is not known, but for a few public
tables that their file's name tells (a note, where they are not pictures).

At run time, from the condition number of the inputs seen, before and after standardising; never from their range
alone. Two things are reported. The learning rate is beyond the limit and the run shows it (an error), the flattest
direction could not be learned in 1000 steps at the best stable rate, and the same rate would be stable for
standardised inputs. Or the loss is foreseen to stay far above its floor at every stable learning rate, where
standardised inputs would converge in the same steps (a warning); a network that is not quadratic is named only where
its run did no better than a constant prediction. For a classifier that is affine in its inputs the limit is that of
its steepest place, as large inputs saturate it. Where changing the learning rate would do, PF401 or PF402 is reported
instead.

Nothing is said of models with a normalisation layer, of inputs with more than 256 features, or where no curvature can
be had. Inputs that are scaled inside of the model's own `forward` look unscaled; then only what the run confirms is
said.

Example
-------
    import keras

    (x, y), _ = keras.datasets.mnist.load_data()
    model = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10)]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y)

Instead
-------
    import keras

    (x, y), _ = keras.datasets.mnist.load_data()
    model = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10)]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x / 255.0, y)

When it is fine
---------------
Where the model scales its inputs itself, with a normalisation layer; with large values that all matter alike, once
the learning rate suits them; with methods that do not mind the scale, such as trees and exact least squares.

References
----------
- LeCun et al., Efficient BackProp, section 4.3: http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf
- scikit-learn, Importance of Feature Scaling:
  https://scikit-learn.org/stable/auto_examples/preprocessing/plot_scaling_importance.html
"""

from pitfallcheck.pitfall import Pitfall

LOADED = (
    rb"\.load_data\(|im(?:read|decode)\(|Image\.open\(|frombuffer\(|load_img\(|decode_(?:jpeg|png|image)\(|read_image\("
    rb"|image_dataset_from_directory|ImageDataGenerator|torchvision|fetch_(?:openml|mldata|california)"
    rb"|load_(?:wine|breast|boston)|tfds\.load|pickle\.load\(|mnist\.|mnist_train|pima-indians|auto-mpg|diabetes\.csv"
    rb"|housing\.(?:csv|data)|winequality-|Churn_Modelling|heart\.csv|kc_house_data|wine\.data"
)
"""What loads raw numbers."""

_LARGE = rb"-?(?:[2-9]\d|\d\d\d|\d[eE])"

DRAWN = (
    rb"\b(?:arange|linspace|randint|integers|uniform_?|normal_?|gauss|range)\((?:[^,()\n]*,)?\s*(?:\w+ ?= ?)?(?:"
    + _LARGE
    + rb"|[A-Za-z_]\w*[,) *])|\brand\w*\([^\n]*\)(?: ?\* ?[A-Za-z_]|[^\n]*[-*+] ?"
    + _LARGE
    + rb")|\b(?:"
    + _LARGE
    + rb"[\d.]*|[A-Za-z_]\w*) ?[*+] ?[\w.]*\brand\w*\(|\b(?:np|tf|torch|numpy)\.mul(?:tiply)?\(|\.mul_\("
)
"""What draws or counts numbers up to a large one, or makes them large."""

LISTED = rb"np\.array\(\[[\[i]|ensor\(\[\[|\blist\(range\(|array\(range\(|(?:\d\d\.?\d*\]?,\s*+\[?){2}\d\d"
"""A list of numbers, of which three that follow each other have two digits."""

PITFALL = Pitfall(
    code="PF403",
    name="unscaled-inputs",
    summary="the inputs' scales leave no learning rate that is stable and fast enough",
    words=(
        (
            b".fit(",
            b".fit_generator(",
            b".train_on_batch(",
            b".backward(",
            b"def training_step(",
            b"cross_val_score(",
            b"Tape(",
            b"feed_dict=",
        ),
        (
            *(b"Dense(", b"Conv1D(", b"Conv2D(", b"Convolution2D(", b"LSTM(", b"GRU(", b".Linear(", b".Conv2d("),
            *(b"MLPClassifier(", b"MLPRegressor(", b".applications", b"placeholder("),
        ),
    ),
    shapes=((LOADED, DRAWN, LISTED),),
    runtime=True,
)
