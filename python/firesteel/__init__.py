"""Spark-style Structured Streaming with model inference, in one Python process."""
