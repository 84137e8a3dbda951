"""Datasets: read as a stream whatever their size, and checked on the way."""
