"""Follows calls: into functions and classes of the file, through layers and models, into losses."""

from __future__ import annotations

import ast
from dataclasses import replace

from pitfallcheck.lint.shapes import layers
from pitfallcheck.lint.shapes.algebra import SCALAR
from pitfallcheck.lint.shapes.call import ABSENT, Call
from pitfallcheck.lint.shapes.datasets import batches_method, data_call
from pitfallcheck.lint.shapes.library import array_function, base_name, library_call, random_call
from pitfallcheck.lint.shapes.training import COLUMN, UNMOVED, Training, single
from pitfallcheck.lint.shapes.values import (
    Array,
    Batches,
    Class,
    Function,
    Instance,
    Items,
    Layer,
    Library,
    Model,
    Number,
    Value,
)
from pitfallcheck.lint.shapes.vocabulary import words

TRANSFORMS = frozenset({"tensorflow.function", "jax.jit", "torch.compile", "jax.checkpoint", "functools.wraps"})
GENERATORS = frozenset({"numpy.random.default_rng", "numpy.random.RandomState", "numpy.random.Generator"})
"""What draws as the functions of `numpy.random` do."""

WRAPPING = frozenset(
    {
        "torch.autograd.Variable",
        "torch.autograd.variable.Variable",
        "torch.nn.Parameter",
        "torch.nn.parameter.Parameter",
    }
)
"""What gives back the array that it is given."""

GRADIENTS = frozenset({"jax.grad", "jax.value_and_grad", "jax.jacobian", "jax.hessian"})
UNCHANGED = words(
    """
    astype copy float double half long int to cpu cuda numpy detach clone requires_grad_ contiguous type tanh_
    relu_ abs_ retain_grad block_until_ready cast type_as view_as_real
    """
)
KEPT_IN_PLACE = words(
    """
    add_ sub_ mul_ div_ pow_ neg_ exp_ log_ sqrt_ clamp_ clamp_min_ clamp_max_ zero_ fill_ copy_ sigmoid_ round_
    floor_ ceil_ square_ uniform_ normal_ random_ detach_ addcmul_ addcdiv_ masked_fill_ bernoulli_ subtract_
    multiply_ divide_
    """
)
"""Methods that give back their array, whose shape they cannot change."""

CHANGED_IN_PLACE = words(
    """
    resize squeeze_ unsqueeze_ t_ transpose_ resize_ set_ append extend insert pop update
    """
)
TORCH_LOSS_FUNCTIONS = words("mse_loss l1_loss smooth_l1_loss huber_loss poisson_nll_loss gaussian_nll_loss")
SUBTRACTIONS = words("subtract sub squared_difference")


class Calls(Training):
    """The part of the walk that tells what is being called."""

    def call(self, node: ast.Call) -> Value:
        """What a call returns; also notes the losses, models and layers that it shows."""
        receiver: Value = None
        method = ""
        if isinstance(node.func, ast.Attribute):
            receiver, method = self.value(node.func.value), node.func.attr
            callee = None if isinstance(receiver, Array) else self.attribute(receiver, method)
        else:
            callee = self.value(node.func)
        args = [self.value(arg.value if isinstance(arg, ast.Starred) else arg) for arg in node.args]
        keywords = {keyword.arg: self.value(keyword.value) for keyword in node.keywords if keyword.arg}
        starred = any(isinstance(arg, ast.Starred) for arg in node.args) or any(k.arg is None for k in node.keywords)
        call = Call(node, args, keywords, starred)
        unknown = callee is None and method
        result = self.method_call(receiver, method, call) if unknown else self.called(callee, call)
        return self.noted(result, node, (receiver, *args))

    def called(self, callee: Value, call: Call) -> Value:
        """What calling `callee` returns."""
        if isinstance(callee, Function):
            returned = self.inline(callee, call.args, dict(call.keywords), call.starred)
            return None if callee.hidden else returned
        if isinstance(callee, Class):
            return self.made(callee, call)
        if isinstance(callee, Instance):
            return self.predicted(callee, call)
        if isinstance(callee, Layer):
            return self.applied(callee, call)
        if isinstance(callee, Model):
            return self.as_prediction(self.through(callee, call.get(0, "inputs", default=None)))
        if isinstance(callee, Library):
            return self.library(callee.name, call)
        return None

    def library(self, name: str, call: Call) -> Value:
        """What calling something imported, or built in, returns."""
        if name.startswith("builtins."):
            return self.builtin(name[len("builtins.") :], call)
        if name in TRANSFORMS:
            return call.get(0, default=None)
        if name in GENERATORS:
            return Library("numpy.random")
        if name in GRADIENTS:
            first = call.get(0, default=None)
            return replace(first, hidden=True) if isinstance(first, Function) else None
        if name in layers.SEQUENTIAL:
            stated = call.get(0, "layers") if name.startswith("keras.") else Items(tuple(call.args))
            if call.starred or stated is None:
                return None
            return self.stacked(name, stated.values if isinstance(stated, Items) else ())
        if name in layers.FUNCTIONAL:
            taken = single(call.get(0, "inputs", default=None))
            inputs = len(taken.values) if isinstance(taken, Items) else int(isinstance(taken, Array))
            return Model(name, output=single(call.get(1, "outputs", default=None)), inputs=inputs)
        if name in WRAPPING:
            given = call.get(0, "data", default=None)
            return given if isinstance(given, Array) else None
        if name in layers.INPUT or layers.is_layer(name):
            made = Layer(name, call.node, tuple(call.args), tuple(call.keywords.items()))
            return layers.input_shape(made) if name in layers.INPUT and not name.endswith("InputLayer") else made
        if name.startswith("keras.losses.") and name[len("keras.losses.") :][:1].isupper():
            return Layer(name, call.node, tuple(call.args), tuple(call.keywords.items()))
        base = base_name(name)
        if base in TORCH_LOSS_FUNCTIONS and name.startswith("torch."):
            return self.torch_loss(call, call.keywords.get("reduction", ABSENT))
        if base in SUBTRACTIONS and len(call.args) == 2 and not call.starred:
            return self.compared(call.node, call.node.args[0], call.node.args[1], call.args[0], call.args[1])
        if name == "torch.utils.data.DataLoader" and call.args and isinstance(call.args[0], Instance):
            call = replace(call, args=(Batches(self.item_of(call.args[0])), *call.args[1:]))
        if name == "tensorflow.data.Dataset.from_generator":
            made_by = call.get(0, "generator", default=None)
            return self.inline(made_by, [], {}, starred=call.has("args")) if isinstance(made_by, Function) else None
        made_data = data_call(name, call)
        return made_data if made_data is not None else library_call(name, call)

    def builtin(self, name: str, call: Call) -> Value:
        """What a built-in function returns."""
        first = call.get(0, default=None)
        if name in ("len", "int", "float", "round", "ord", "hash"):
            dims = first.dims if name == "len" and isinstance(first, Array) and not first.open else ()
            if name == "int" and isinstance(first, Number):
                return first
            return Number(dims[0]) if dims else Number()
        if name == "range":
            return Batches(Number())
        if name == "abs":
            return first if isinstance(first, Array | Number) else None
        if name == "enumerate":
            return Batches(Items((Number(), self.items_of(first))))
        if name == "zip" and not call.starred:
            return Batches(Items(tuple(self.items_of(arg) for arg in call.args)))
        if name == "next":
            return self.items_of(first) if isinstance(first, Batches) else None
        if name in ("iter", "tuple", "list", "tqdm"):
            return first if isinstance(first, Items | Batches) else None
        return None

    def method_call(self, receiver: Value, name: str, call: Call) -> Value:
        """What a method of a value returns that is no function of the file."""
        if name in CHANGED_IN_PLACE and receiver is not None:
            self.state.replace(receiver, None)
            return None
        if isinstance(receiver, Number) and name in UNCHANGED:
            return receiver
        receiver = SCALAR if isinstance(receiver, Number) else receiver
        if isinstance(receiver, Array):
            if name == "size" and not receiver.open:
                axis = call.get(0, "dim")
                shape = tuple(Number(dim) for dim in receiver.dims)
                return Items(shape) if axis == ABSENT else Number()
            if name in ("item", "dim", "numel", "ndimension"):
                return Number()
            if name in UNCHANGED or name in KEPT_IN_PLACE:
                return receiver
            if call.starred:
                return None
            if name in ("dot", "matmul", "mm", "add", "sub", "mul", "div"):
                return library_call(f"numpy.{name}", Call(call.node, (receiver, *call.args), call.keywords, False))
            if name == "pow":
                return receiver
            return array_function(name, receiver, call, start=0, torch=None)
        if isinstance(receiver, Batches):
            return batches_method(receiver, name, call)
        if isinstance(receiver, Model):
            return self.model_method(receiver, name, call)
        if isinstance(receiver, Layer) and name in UNMOVED:
            return receiver
        if isinstance(receiver, Instance):
            return self.object_method(receiver, name, call)
        if receiver is None and name == "compile":
            loss = single(call.keywords.get("loss"))
            self.loss_called(loss, COLUMN, COLUMN, call.node, assumed=True)
        if receiver is None and call.has("size") and not call.starred:
            return random_call(name, call, first=False)
        return None
