"""The names of the environment variables that more than one room reads or sets."""

INFERENCE_TOKEN = "HUGGINGTWEETS_INFERENCE_TOKEN"  # noqa: S105 - the name of a variable
"""What a server is asked for texts with; see `runtime.secret`."""
MANAGEMENT_TOKEN = "HUGGINGTWEETS_MANAGEMENT_TOKEN"  # noqa: S105
"""What its models are managed with."""
IMAGE_VARIABLE = "HUGGINGTWEETS_IMAGE_"
"""And a stage, in capitals: the image that the stage runs in, with its digest."""
FORGET_KEY = "HUGGINGTWEETS_FORGET_KEY"
"""The operator's key for the hashes of posts' ids; see `registry.post_hashes`."""
