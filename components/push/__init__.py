"""The stage that copies a published version to the Hugging Face Hub."""
