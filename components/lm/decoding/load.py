"""The decoder for a model folder."""

from pathlib import Path

import torch

from components.lm.adapters import is_adapter
from components.lm.decoding.adapted import AdaptedDecoder
from components.lm.decoding.fast import FastDecoder
from components.lm.decoding.native.decoder import NativeDecoder
from components.lm.decoding.native.library import available
from components.lm.decoding.protocol import Decoder
from components.lm.decoding.shape import read_shape
from components.lm.formats import INT8, Format


def load_decoder(folder: Path, weight_dtype: Format, device: torch.device) -> Decoder:
    """Our own decoder where it knows the model in `folder`, else one over transformers.

    int8 in every row over bf16 is the library in C's where that is available, else torch's. Every
    row has the adapter that lies beside the model, if there is one.

    Raises:
        BadInputError: the model cannot be loaded.
    """
    decoder = _decoder(folder, weight_dtype, device)
    if is_adapter(folder):
        return AdaptedDecoder(decoder, decoder.load_adapter(folder))
    return decoder


def _decoder(folder: Path, weight_dtype: Format, device: torch.device) -> Decoder:
    shape = read_shape(folder)
    if shape is not None and weight_dtype == INT8 and device.type == "cpu" and available():
        return NativeDecoder(folder, shape)
    if shape is not None:
        return FastDecoder(folder, shape, weight_dtype, device)
    from components.lm.decoding import transformers_decoder as other  # imports transformers

    return other.TransformersDecoder(folder, weight_dtype, device)
