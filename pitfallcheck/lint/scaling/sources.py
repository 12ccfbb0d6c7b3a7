"""What libraries are known to hand over: pixels from 0 to 255, tables of raw features, class labels."""

from __future__ import annotations

from typing import NamedTuple

from pitfallcheck.lint.shapes.vocabulary import words

KERAS_PIXELS = words("mnist fashion_mnist cifar10 cifar100")


class Table(NamedTuple):
    """A data set of raw features between `low` and `high`, of which `largest` are the largest."""

    low: float
    high: float
    largest: str
    classes: bool


TABLES = {
    "keras.datasets.boston_housing.load_data": Table(0, 711, "the tax rate, up to 711", False),
    "keras.datasets.california_housing.load_data": Table(-124.35, 39320, "the number of rooms, up to 39320", False),
    "sklearn.datasets.load_boston": Table(0, 711, "the tax rate, up to 711", False),
    "sklearn.datasets.fetch_california_housing": Table(-124.35, 35682, "the population, up to 35682", False),
    "sklearn.datasets.load_wine": Table(0.13, 1680, "proline, up to 1680", True),
    "sklearn.datasets.load_breast_cancer": Table(0, 4254, "the worst area, up to 4254", True),
}
"""Their largest features as scikit-learn 1.6 and Keras 3.15 hand them over."""

RAW_FILES = {
    "pima-indians-diabetes": "insulin, up to 846",
    "diabetes.csv": "insulin, up to 846",
    "housing.csv": "the tax rate or the population, 711 and more",
    "housing.data": "the tax rate, up to 711",
    "winequality-": "sulphur dioxide, 289 and more",
    "auto-mpg": "the weight, up to 5140",
    "churn_modelling.csv": "the balance, up to 250898",
    "heart.csv": "cholesterol, up to 564",
    "kc_house_data.csv": "the size of the lot, up to 1651359",
    "wine.data": "proline, up to 1680",
}
"""Public tables that are known by the beginning or the end of their file's name, and their largest feature."""

PIXEL_FILES = ("mnist_train", "mnist_test")

FILE_READERS = words("pandas.read_csv pandas.read_table numpy.loadtxt numpy.genfromtxt pandas.io.parsers.read_csv")

OPENML_PIXELS = frozenset({"mnist_784", "Fashion-MNIST", "MNIST", "CIFAR_10", "MNIST original", "MNIST Original"})

READERS = words(
    """
    cv2.imread cv2.imdecode PIL.Image.open imageio.imread imageio.v2.imread imageio.v3.imread skimage.io.imread
    scipy.misc.imread scipy.ndimage.imread keras.preprocessing.image.load_img keras.utils.load_img Image.open
    tensorflow.io.decode_jpeg tensorflow.io.decode_png
    tensorflow.io.decode_bmp tensorflow.image.decode_jpeg tensorflow.image.decode_png tensorflow.io.decode_gif
    mnist.train_images mnist.test_images idx2numpy.convert_from_file
    torchvision.io.read_image torchvision.io.decode_image torchvision.io.decode_jpeg
    """
)
"""Functions that return the pixels of an image as they are stored: 0 to 255."""

IMAGE_FOLDERS = words(
    """
    keras.utils.image_dataset_from_directory keras.preprocessing.image_dataset_from_directory
    keras.preprocessing.image.image_dataset_from_directory
    """
)
VISION_DATA = words("MNIST FashionMNIST CIFAR10 CIFAR100 KMNIST EMNIST SVHN STL10 QMNIST")
"""Data sets of torchvision whose `data` are pixels."""

GENERATORS = words("keras.preprocessing.image.ImageDataGenerator keras_preprocessing.image.ImageDataGenerator")
GENERATOR_SCALES = words(
    """
    preprocessing_function featurewise_center featurewise_std_normalization samplewise_center
    samplewise_std_normalization zca_whitening
    """
)

SCALERS = words(
    """
    StandardScaler MinMaxScaler RobustScaler MaxAbsScaler Normalizer QuantileTransformer PowerTransformer
    """
)
SCALING = words(
    """
    sklearn.preprocessing.scale sklearn.preprocessing.normalize sklearn.preprocessing.minmax_scale
    sklearn.preprocessing.robust_scale sklearn.preprocessing.maxabs_scale keras.utils.normalize
    keras.utils.np_utils.normalize tensorflow.image.per_image_standardization scipy.stats.zscore
    torch.nn.functional.normalize tensorflow.math.l2_normalize tensorflow.nn.l2_normalize
    """
)
"""Functions that bring their argument to a size around 1."""

KEEPING = words(
    """
    array asarray ascontiguousarray asfarray reshape expand_dims squeeze concatenate vstack hstack stack dstack
    column_stack copy transpose moveaxis swapaxes rollaxis flip fliplr flipud rot90 repeat tile ravel float32 float64
    atleast_2d atleast_3d from_numpy tensor as_tensor FloatTensor Tensor flatten cat concat unsqueeze permute cast
    convert_to_tensor constant identity list tuple device_put resize resize_images rgb_to_grayscale cvtColor
    GaussianBlur medianBlur imresize img_to_array random_flip_left_right random_crop central_crop crop_to_bounding_box
    resize_with_crop_or_pad resize_with_pad take delete
    invert bitwise_not to_float sorted Variable array_split fromarray asanyarray
    """
)
"""Functions that give back the numbers of their first argument, whatever they do to their order or shape."""

KEEPING_IN = ("numpy", "torch", "tensorflow", "jax", "keras", "cv2", "PIL", "scipy", "Image", "")
"""Libraries of which these names are functions that keep; scikit-image's `resize` scales."""

KEEPING_METHODS = words(
    """
    astype reshape view float double half to cuda cpu numpy copy clone unsqueeze squeeze permute transpose flatten ravel
    swapaxes tolist contiguous repeat resize convert crop rotate batch prefetch cache shuffle take skip detach
    requires_grad_ type to_numpy head tail sample iter values with_options as_numpy_iterator unbatch expand type_as
    float_ __array__ set_shape toarray fillna dropna reset_index drop
    """
)

CALIBRATED = words(
    """
    EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 EfficientNetB5 EfficientNetB6
    EfficientNetB7 EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2S EfficientNetV2M
    EfficientNetV2L MobileNetV3Small MobileNetV3Large ConvNeXtTiny ConvNeXtSmall ConvNeXtBase ConvNeXtLarge
    ConvNeXtXLarge RegNetX002 RegNetY002 ResNetRS50
    """
)
"""Applications of Keras that rescale pixels themselves (`include_preprocessing`)."""

TO_TENSOR = words("torchvision.transforms.ToTensor torchvision.transforms.transforms.ToTensor")
"""Transforms that bring pixels to 0..1; of whole numbers and images only."""

SHAPING_TRANSFORMS = words(
    """
    Resize CenterCrop RandomCrop RandomHorizontalFlip RandomVerticalFlip RandomRotation RandomResizedCrop Pad Grayscale
    RandomAffine ColorJitter PILToTensor ToImage RandomGrayscale ToPILImage Scale
    """
)
"""Transforms that leave the numbers as they are."""
