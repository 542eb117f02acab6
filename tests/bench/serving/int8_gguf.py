"""The bundled model with weights in int8 (GGUF's Q8_0), which OpenVINO GenAI reads by itself."""

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize

MOSTLY_Q8_0 = 7
INT8 = GGMLQuantizationType.Q8_0


def write_int8(source: Path, target: Path) -> None:
    """Copy a GGUF file of the Llama family, its matrices in int8, a scale for every 32 weights."""
    reader = GGUFReader(source)
    writer = GGUFWriter(target, "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue  # the writer's own
        kind = field.types[0]
        value = MOSTLY_Q8_0 if field.name == "general.file_type" else field.contents()
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, value, kind, sub_type=inner)
    for tensor in reader.tensors:
        weights = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if weights.ndim > 1:
            writer.add_tensor(tensor.name, quantize(weights, INT8), raw_dtype=INT8)
        else:
            writer.add_tensor(tensor.name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
