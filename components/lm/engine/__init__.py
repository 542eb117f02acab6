"""The engine: one loaded model that writes for many requests at once.

`protocol` says what it can do; `load.load_engine(folder, settings)` makes one, and needs torch.
"""
