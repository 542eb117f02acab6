"""The stage that measures a fine-tuned model against its base and shows what it writes."""
