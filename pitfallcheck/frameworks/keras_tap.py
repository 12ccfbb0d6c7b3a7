"""Stands where batches enter a Keras model, and gives every one of them on as it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pitfallcheck.frameworks.keras_feed import Feed
from pitfallcheck.observe.session import Session

TOLD, ONE_IN = 64, 64
"""Of the batches that enter a model the first 64 are looked at, then two in 64."""


def tapped(iterator: Any, feed: Feed, session: Session) -> None:
    """Put a map that tells `feed` of the batches behind the data set of TensorFlow's epoch iterator."""
    tf = sys.modules["tensorflow"]
    dataset = iterator._distributed_dataset
    if not isinstance(dataset, tf.data.Dataset):
        return
    if all(isinstance(spec, tf.TensorSpec) for spec in tf.nest.flatten(dataset.element_spec)):
        # TensorFlow would prefetch once more behind our map, which it does not behind Keras' own prefetch.
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        told = dataset.enumerate().map(_identity_that_tells(feed, session, tf))
        iterator._distributed_dataset = told.with_options(options)


def handed_on(batches: Iterable[Any], feed: Feed, session: Session) -> Iterator[Any]:
    """The batches of the other backends, of which `feed` is told as they are asked for."""
    for number, batch in enumerate(batches):
        if number < TOLD or number % ONE_IN < 2:
            try:
                feed.entered(batch)
            except Exception as error:
                session.failed("following the batches into the model", error)
        yield batch


def _identity_that_tells(feed: Feed, session: Session, tf: Any) -> Callable[..., Any]:
    """A map that gives every batch on, in the moment in which the model asks for it.

    Telling Python of a batch takes some 100 us, so after the first ones only a part of them is told of.
    """
    structure: list[Any] = []

    def tell(number: Any, *arrays: Any) -> int:
        try:
            feed.entered(tf.nest.pack_sequence_as(structure[0], arrays), arrays=list(arrays), number=int(number))
        except Exception as error:
            session.failed("following the batches into the model", error)
        return 0

    def identity(number: Any, batch: Any) -> Any:
        if not structure:
            structure.append(tf.nest.map_structure(lambda _: 0, batch))
        told = tf.cond(
            (number < TOLD) | (number % ONE_IN < 2),
            lambda: tf.numpy_function(tell, [number, *tf.nest.flatten(batch)], tf.int64),
            lambda: tf.constant(0, tf.int64),
        )
        with tf.control_dependencies([told]):
            return tf.nest.map_structure(tf.identity, batch)

    return tf.autograph.experimental.do_not_convert(identity)  # type: ignore[no-any-return]
