"""Analysis: pure functions, frames in, frames (or a figure) out. No database, clock or unseeded randomness."""
