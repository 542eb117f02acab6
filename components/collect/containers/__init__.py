"""What sources are packed in: zips and folders of strangers, read within limits."""
