"""What can be chosen of a network, in the words of a configuration, and nothing that takes long to import."""

from typing import Literal

Sharing = Literal["hard", "separate", "l2", "cross_stitch", "moe"]
"""How tasks share the trunk."""
EncoderKind = Literal["auto", "mlp", "conv"]
"""Whether encoders convolve; `auto` where observations are images."""
Conditioning = Literal["none", "embedding", "film"]
"""What a `hard` trunk is told of the task."""
Match = Literal["width", "parameters", "compute"]
"""What is the same as in the `hard` network of the same widths.

Either the widths themselves, or, with all widths scaled alike, the number of parameters or multiplications.
"""
